# SPDX-License-Identifier: LGPL-2.1-or-later
# Completion of tgtctl's words for bash: the program itself says what may follow.

_tgtctl()
{
    local line=${COMP_LINE:0:COMP_POINT} present broken reply words
    read -r -a words <<< "$line"
    [[ $line == *[[:blank:]] ]] && words+=("")
    present=${words[-1]}
    mapfile -t reply < <("${words[0]}" completion words -- "${words[@]:1}" 2> /dev/null)
    COMPREPLY=()
    if [[ ${reply[0]} == :files ]]; then
        mapfile -t COMPREPLY < <(compgen -f -- "$present")
        compopt -o filenames 2> /dev/null
        return
    fi
    # what is a word to us is several to readline, where it has a colon or an equals sign
    broken=${present%"${present##*[:=]}"}
    COMPREPLY=("${reply[@]%%$'\t'*}")
    COMPREPLY=("${COMPREPLY[@]#"$broken"}")
}

complete -F _tgtctl tgtctl
