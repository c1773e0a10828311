# SPDX-License-Identifier: GPL-3.0-or-later
# Completion of swarmsim's command line for bash.

# Items of $1 for the last of a list that is separated by commas.
_swarmsim_list()
{
    local before=
    [[ $current == *,* ]] && before=${current%,*},
    compopt -o nospace 2>/dev/null
    mapfile -t COMPREPLY < <(compgen -P "$before" -W "$1" -- "${current##*,}")
}

_swarmsim()
{
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} options=
    if ((COMP_CWORD == 1)); then
        mapfile -t COMPREPLY < <(compgen -W 'run compare evaluate sweep merge tune verify replay hunt list report export selftest calibrate --help --version' -- "$current")
        return
    fi
    case $previous in
    --out)
        mapfile -t COMPREPLY < <(compgen -d -- "$current")
        return
        ;;
    --policies | --policy | --baseline)
        _swarmsim_list "$("${COMP_WORDS[0]}" list policies 2>/dev/null | sed -n 's/^\([a-z0-9_]\+\).*/\1/p')"
        return
        ;;
    --metric)
        _swarmsim_list "$("${COMP_WORDS[0]}" list metrics 2>/dev/null | sed -n 's/^\([a-z0-9_.]\+\).*/\1/p')"
        return
        ;;
    --optimiser)
        mapfile -t COMPREPLY < <(compgen -W "$("${COMP_WORDS[0]}" list optimisers 2>/dev/null | sed -n 's/^\([a-z0-9_]\+\).*/\1/p')" -- "$current")
        return
        ;;
    --kind)
        _swarmsim_list 'trace peer job query fault restore oracle'
        return
        ;;
    --table)
        _swarmsim_list 'studies configurations settings nodes runs metrics samples histograms events faults expectations verdicts'
        return
        ;;
    --system)
        # an unknown one lists all, in a column as wide as the longest
        local IFS=$'\n' names
        names=$("${COMP_WORDS[0]}" selftest --system '' 2>&1 | sed -n 's/^  \(.*[^ ]\)  *[0-9]\+ [a-z]\+$/\1/p')
        mapfile -t COMPREPLY < <(compgen -W "$names" -- "${current//\\/}" | while read -r name; do printf '%q\n' "$name"; done)
        return
        ;;
    --seed | --seeds | --at | --window | --time | --node | -j | --configuration | --scenario | --customers | --tolerance | --wrong | --until | --max-seeds | --budget | --sensitive | --shard | --expect) return ;;
    esac
    case ${COMP_WORDS[1]} in
    run) options='--seed --seeds --until --max-seeds -j --json --out --configuration --no-plots --help' ;;
    compare) options='--policies --seeds -j --metric --baseline --expect --json --out --configuration --no-plots --help' ;;
    evaluate) options='--params --policy --seeds --metric -j --json --out --help' ;;
    sweep) options='--policy -j --shard --out --json --no-plots --help' ;;
    merge) options='--help' ;;
    tune) options='--budget --policy --optimiser --seed --sensitive -j --shard --out --json --help' ;;
    verify) options='--seed --seeds --configuration --checkpoints --between --help' ;;
    replay) options='--seed --at --window --node --kind --configuration --scenario --shuffle-ties --buggify --json --help' ;;
    hunt) options='--time --seeds -j --out --json --help' ;;
    report) options='--metric --baseline --out --help' ;;
    export) options='--out --table --help' ;;
    selftest) options='--system --fresh --customers --seed --tolerance --wrong --json --help' ;;
    calibrate) options='--out --repetitions --json --help' ;;
    list) options='policies faults oracles metrics parameters sites keys study optimisers --json' ;;
    esac
    if [[ $current == -* || ${COMP_WORDS[1]} == list ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$options" -- "$current")
    else
        compopt -o filenames 2>/dev/null
        mapfile -t COMPREPLY < <(compgen -f -- "$current")
    fi
}
complete -F _swarmsim swarmsim
