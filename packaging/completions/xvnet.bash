# SPDX-License-Identifier: BSD-2-Clause
# bash completion of xvnet(8)

# Names out of `xvnet show NOUN --brief`, of the instance on the command line; nothing without the permission.
_xvnet_shown() {
    local i instance=()
    for ((i = 1; i < cword; i++)); do
        [[ ${words[i]} == --instance ]] && instance=(--instance "${words[i + 1]}")
    done
    "${words[0]}" "${instance[@]}" show "$1" --brief 2>/dev/null | awk '{ print $1 }'
}

_xvnet_devices() {
    ls /sys/class/net 2>/dev/null
}

_xvnet_lines() {
    printf '%s\n' "$@"
}

# The words that are no options and no option's value: the command, its verb, its object.
_xvnet_plain_words() {
    local i
    for ((i = 1; i < cword; i++)); do
        case ${words[i]} in
            --instance | --vlan | --vlans | --uplink | --network | --mac | --mode | --guest-offloads | \
                --max-macs | --owner | --queues | --mtu | --host-address | --ageing | --ip | --allow | --subnet | --gateway | \
                --hostname | --dns | --domain | --boot-server | --boot-file | --router | \
                --snat | --snat-ports | --snat-filter | --snat-except | --address | --port) ((i++)) ;;
            -*) ;;
            *) echo "${words[i]}" ;;
        esac
    done
}

_xvnet_options() {
    case $1 in
        attach)
            _xvnet_lines --vlan --untagged --uplink --network --mac --ip --allow --hostname --mode --guest-offloads --max-macs \
                --owner --queues --mtu --replace --force
            ;;
        detach) _xvnet_lines --delete ;;
        "uplink add") _xvnet_lines --vlans --mode --shared-xdp ;;
        "network add" | "network set")
            _xvnet_lines --vlan --untagged --uplink --host-address --ageing --subnet --gateway \
                --router --dhcp --dns --domain --boot-server --boot-file --snat --snat-ports --snat-filter \
                --snat-except --force
            [[ $1 == "network set" ]] && _xvnet_lines --no-dhcp
            ;;
        "forward add") _xvnet_lines --force ;;
        show) _xvnet_lines --network --address --port ;;
        stats) _xvnet_lines --watch ;;
    esac
    _xvnet_lines --instance --json --brief --dry-run --verbose-verifier --help
    [[ -z $1 ]] && _xvnet_lines --version
}

# Not by compgen -W, which would expand a device called $(command).
_xvnet_offer() {
    local candidate
    while read -r candidate; do
        [[ -n $candidate && $candidate == "$cur"* ]] && COMPREPLY+=("$(printf %q "$candidate")")
    done
}

_xvnet() {
    local cur prev words cword
    if declare -F _init_completion >/dev/null; then
        _init_completion -n =: || return
    else
        words=("${COMP_WORDS[@]}") cword=$COMP_CWORD
        cur=${words[cword]} prev=${words[cword - 1]}
    fi

    COMPREPLY=()
    case $prev in
        --mode) _xvnet_offer < <(_xvnet_lines auto xdp tc) ;;
        --snat) _xvnet_offer < <(_xvnet_lines auto none) ;;
        --snat-filter) _xvnet_offer < <(_xvnet_lines address endpoint) ;;
        --guest-offloads) _xvnet_offer < <(_xvnet_lines on off) ;;
        --network) _xvnet_offer < <(_xvnet_shown networks) ;;
        --uplink) _xvnet_offer < <(_xvnet_shown uplinks) ;;
        --device) _xvnet_offer < <(_xvnet_devices) ;;
        --owner) _xvnet_offer < <(compgen -u) ;;
        --mac | --mtu | --hostname | --host-address | --subnet | --gateway | --dns | --domain | --boot-server | \
            --boot-file | --router | --snat-except) _xvnet_offer < <(_xvnet_lines none) ;;
        --instance | --vlan | --vlans | --max-macs | --queues | --ageing | --ip | --allow | --snat-ports | --address | --port) ;;
        *) _xvnet_offer < <(_xvnet_next) ;;
    esac
}

_xvnet_next() {
    local plain
    mapfile -t plain < <(_xvnet_plain_words)
    local command=${plain[0]} count=${#plain[@]}
    if [[ $command == @(uplink|network|forward) ]]; then
        command="$command ${plain[1]}"
        command=${command% }
        ((count--))
    fi

    if [[ $cur == -* ]]; then
        _xvnet_options "$command"
        return
    fi
    case $command:$count in
        :*) _xvnet_lines attach detach uplink network forward show stats doctor save restore upgrade down ;;
        uplink:0 | forward:0) _xvnet_lines add del ;;
        network:0) _xvnet_lines add set del ;;
        attach:1 | "uplink add:1") _xvnet_devices ;;
        detach:1) _xvnet_shown ports ;;
        "uplink del:1") _xvnet_shown uplinks ;;
        "network set:1" | "network del:1" | "forward add:1" | "forward del:1") _xvnet_shown networks ;;
        "forward add:2" | "forward del:2") _xvnet_lines tcp udp all ;;
        show:1) _xvnet_lines ports networks uplinks fdb leases nat forwards ;;
        save:1 | restore:1) compgen -f -- "$cur" ;;
        stats:1) _xvnet_shown ports && _xvnet_shown uplinks ;;
    esac
}

complete -F _xvnet xvnet
