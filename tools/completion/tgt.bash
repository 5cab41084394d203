# SPDX-License-Identifier: LGPL-2.1-or-later
# Completion for bash of the programs that tgt's users know: their options are those of --help.

_tgt_values()
{
    case $1 in
        -m | --mode) echo target logicalunit portal conn session account lld sys ;;
        -o | --op) echo new delete show update bind unbind start stop stat ;;
        -L | --lld) echo iscsi iser ;;
        -Y | --device-type) echo disk cd tape changer osd passthrough ;;
        -E | --bstype) echo rdwr aio null rbd ssc ;;
        -t | --tid) tgtadm --lld iscsi --mode target --op show 2> /dev/null | sed -n 's/^Target \([0-9]*\):.*/\1/p' ;;
        *) return 1 ;;
    esac
}

_tgt()
{
    local program=${1##*/} present=$2 previous=$3
    local words
    COMPREPLY=()
    if [[ $program == tgtadm ]] && words=$(_tgt_values "$previous"); then
        mapfile -t COMPREPLY < <(compgen -W "$words" -- "$present")
    elif [[ $present == -* ]]; then
        words=$("$1" --help 2>&1 | grep -oE -e '(^|[^[:alnum:]-])--?[A-Za-z][a-z-]*' | grep -o -e '-.*' | sort -u)
        mapfile -t COMPREPLY < <(compgen -W "$words" -- "$present")
    else
        mapfile -t COMPREPLY < <(compgen -f -- "$present")
        compopt -o filenames 2> /dev/null
    fi
}

complete -F _tgt tgtadm tgt-admin tgt-setup-lun tgtimg tgtd
