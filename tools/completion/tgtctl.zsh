#compdef tgtctl
# SPDX-License-Identifier: LGPL-2.1-or-later
# Completion of tgtctl's words for zsh: the program itself says what may follow.

_tgtctl()
{
    local line
    local -a reply offers
    reply=("${(@f)$("${words[1]}" completion words -- "${(@)words[2,CURRENT]}" 2> /dev/null)}")
    if [[ ${reply[1]} == :files ]]; then
        _files
        return
    fi
    for line in "${reply[@]}"; do
        [[ -n $line ]] || continue
        # _describe wants "word:what it is", with the word's own colons escaped
        if [[ $line == *$'\t'* ]]; then
            offers+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}")
        else
            offers+=("${line//:/\\:}")
        fi
    done
    _describe -t words word offers
}

if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    _tgtctl "$@"
else
    compdef _tgtctl tgtctl
fi
