# SPDX-License-Identifier: GPL-3.0-or-later
# Completion of swarmctl's command line for bash: verbs and options as the program itself tells them.

# The nodes that the context names.
_swarmctl_nodes()
{
    local i file=${SWARMCTL_CONTEXT:-~/.config/swarmctl.yaml}
    for ((i = 1; i + 1 < ${#COMP_WORDS[@]}; i++)); do
        [[ ${COMP_WORDS[i]} == --context ]] && file=${COMP_WORDS[i + 1]}
    done
    sed -n 's/^ *- *{\? *\(.*, *\)\?name: *"\?\([a-z0-9-]\+\).*/\2/p' "$file" 2>/dev/null
}

_swarmctl()
{
    local current=${COMP_WORDS[COMP_CWORD]} tool=${COMP_WORDS[0]} verbs verb words=
    case ${COMP_WORDS[COMP_CWORD - 1]} in
    --node | --from) words=$(_swarmctl_nodes) ;;
    --role) words='node operator' ;;
    --out | --to) mapfile -t COMPREPLY < <(compgen -d -- "$current") && return ;;
    --timeout | --set | --sequence | --days | --name) return ;;
    esac
    if [[ -n $words ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
        return
    fi
    verbs=$("$tool" --help 2>/dev/null | sed -n 's/^  \([a-z]\+\( [a-z]\+\)\?\)  .*/\1/p')
    verb=${COMP_WORDS[1]}
    if ((COMP_CWORD == 1)); then
        words="$(cut -d ' ' -f 1 <<<"$verbs" | sort -u) --help --version"
    elif ((COMP_CWORD == 2)) && grep -q "^$verb " <<<"$verbs" && [[ $current != -* ]]; then
        words=$(sed -n "s/^$verb //p" <<<"$verbs")
    elif [[ $current == -* ]]; then
        grep -qx "$verb ${COMP_WORDS[2]}" <<<"$verbs" && verb+=" ${COMP_WORDS[2]}"
        # shellcheck disable=SC2086 # a verb may be two words
        words=$("$tool" $verb --help 2>/dev/null | grep -o '^  --[a-z-]*')
    fi
    if [[ -n $words ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
    else
        compopt -o filenames 2>/dev/null
        mapfile -t COMPREPLY < <(compgen -f -- "$current")
    fi
}
complete -F _swarmctl swarmctl
