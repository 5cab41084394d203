# SPDX-License-Identifier: LGPL-2.1-or-later
# Completion of tgtctl's words for fish: the program itself says what may follow.

function __tgtctl_words
    set -l words (commandline -opc)
    set -l present (commandline -ct)
    set -l reply ($words[1] completion words -- $words[2..-1] "$present" 2>/dev/null)
    if test "$reply[1]" = ":files"
        __fish_complete_path "$present"
    else
        string join \n -- $reply
    end
end

complete -c tgtctl -f -a '(__tgtctl_words)'
