# SPDX-License-Identifier: BSD-2-Clause
# fish completion of xvnet(8)

# Names out of `xvnet show NOUN --brief`, of the instance on the command line; nothing without the permission.
function __xvnet_shown
    set -l words (commandline -opc)
    set -l instance
    if set -l at (contains -i -- --instance $words)
        set instance --instance $words[(math $at + 1)]
    end
    xvnet $instance show $argv[1] --brief 2>/dev/null | string replace -r ' .*' ''
end

function __xvnet_devices
    for path in /sys/class/net/*
        string replace -r '.*/' '' $path
    end
end

# The words that are no options and no option's value: the command, its verb, its object.
function __xvnet_plain_words
    set -l with_value --instance --vlan --vlans --uplink --network --mac --mode --guest-offloads \
        --max-macs --owner --queues --mtu --host-address --ageing --ip --allow --subnet --gateway \
        --hostname --router --dns --domain --boot-server --boot-file --snat --snat-ports --snat-filter --snat-except \
        --address --port
    set -l is_value 0
    for word in (commandline -opc)[2..]
        if test $is_value = 1
            set is_value 0
        else if contains -- $word $with_value
            set is_value 1
        else if not string match -q -- '-*' $word
            echo $word
        end
    end
end

# Whether the plain words so far are exactly these.
function __xvnet_at
    test "$(__xvnet_plain_words | string join ' ')" = "$argv"
end

# Whether the plain words begin with these.
function __xvnet_in
    set -l words (__xvnet_plain_words)
    test "$words[1..$(count $argv)]" = "$argv"
end

complete -c xvnet -f

complete -c xvnet -l instance -x -d 'another instance'
complete -c xvnet -l json -d 'JSON instead of text'
complete -c xvnet -l brief -d 'one line an object'
complete -c xvnet -l dry-run -d 'say what would be done, do nothing'
complete -c xvnet -l verbose-verifier -d 'the whole verifier log'
complete -c xvnet -s h -l help -d 'print help'
complete -c xvnet -n __xvnet_at -l version -d 'print the version'

complete -c xvnet -n __xvnet_at -a attach -d "attach a VM's device to a network"
complete -c xvnet -n __xvnet_at -a detach -d 'take a device out of its network'
complete -c xvnet -n __xvnet_at -a uplink -d 'the NICs that carry networks'
complete -c xvnet -n __xvnet_at -a network -d 'networks with a name'
complete -c xvnet -n __xvnet_at -a forward -d 'public ports and addresses that lead to VMs'
complete -c xvnet -n __xvnet_at -a show -d 'show what there is'
complete -c xvnet -n __xvnet_at -a stats -d 'show what was carried and what was dropped'
complete -c xvnet -n __xvnet_at -a doctor -d 'check this machine and this instance'
complete -c xvnet -n __xvnet_at -a save -d 'write down what there is, for restore'
complete -c xvnet -n __xvnet_at -a restore -d 'bring back what save wrote down'
complete -c xvnet -n __xvnet_at -a upgrade -d "have everything run this build's programs"
complete -c xvnet -n __xvnet_at -a down -d 'remove every port, network and uplink'

complete -c xvnet -n '__xvnet_at uplink' -a 'add del'
complete -c xvnet -n '__xvnet_at network' -a 'add set del'
complete -c xvnet -n '__xvnet_at forward' -a 'add del'
complete -c xvnet -n '__xvnet_at forward add; or __xvnet_at forward del' -a '(__xvnet_shown networks)'
complete -c xvnet -n 'string match -qr "^forward (add|del) \\S+\$" (__xvnet_plain_words | string join " ")' \
    -a 'tcp udp all'
complete -c xvnet -n '__xvnet_at show' -a 'ports networks uplinks fdb leases nat forwards'

complete -c xvnet -n '__xvnet_at attach; or __xvnet_at uplink add' -a '(__xvnet_devices)'
complete -c xvnet -n '__xvnet_at detach; or __xvnet_at stats' -a '(__xvnet_shown ports)'
complete -c xvnet -n '__xvnet_at uplink del; or __xvnet_at stats' -a '(__xvnet_shown uplinks)'
complete -c xvnet -n '__xvnet_at network set; or __xvnet_at network del' \
    -a '(__xvnet_shown networks)'

complete -c xvnet -n '__xvnet_in attach; or __xvnet_in network add; or __xvnet_in network set' \
    -l vlan -x -d 'the network of a VLAN'
complete -c xvnet -n '__xvnet_in attach; or __xvnet_in network add; or __xvnet_in network set' \
    -l untagged -d "the uplink's untagged frames"
complete -c xvnet -n '__xvnet_in attach; or __xvnet_in network add; or __xvnet_in network set' \
    -l uplink -x -a '(__xvnet_shown uplinks)' -d 'of --untagged'
complete -c xvnet -n '__xvnet_in attach; or __xvnet_in uplink add' \
    -l mode -x -a 'auto xdp tc' -d 'the hook that carries its frames'
complete -c xvnet -n '__xvnet_in attach' -l network -x -a '(__xvnet_shown networks)' \
    -d 'a network by name'
complete -c xvnet -n '__xvnet_in attach' -l mac -x -a none -d 'the MAC of the VM'
complete -c xvnet -n '__xvnet_in attach' -l ip -x -d 'an address of the port'
complete -c xvnet -n '__xvnet_in attach' -l allow -x -d 'an address that others may have, too'
complete -c xvnet -n '__xvnet_in attach' -l hostname -x -a none -d 'what DHCP calls the VM'
complete -c xvnet -n '__xvnet_in attach' -l guest-offloads -x -a 'on off' \
    -d 'whether the guest uses offloads'
complete -c xvnet -n '__xvnet_in attach' -l max-macs -x -d 'how many MACs it may have learned'
complete -c xvnet -n '__xvnet_in attach' -l owner -x -a '(__fish_complete_users)' \
    -d 'who may open the TAP'
complete -c xvnet -n '__xvnet_in attach' -l queues -x -d 'queues of the TAP'
complete -c xvnet -n '__xvnet_in attach' -l mtu -x -a none -d 'the MTU of the device'
complete -c xvnet -n '__xvnet_in attach' -l replace -d 'change a port attached differently'
complete -c xvnet -n '__xvnet_in attach' -l force -d 'also a device that the host uses'
complete -c xvnet -n '__xvnet_in detach' -l delete -d 'delete the TAP, too'
complete -c xvnet -n '__xvnet_in uplink add' -l vlans -x -d 'the VIDs it may carry'
complete -c xvnet -n '__xvnet_in uplink add' -l shared-xdp -d 'beside other XDP programs'
complete -c xvnet -n '__xvnet_in network add; or __xvnet_in network set' \
    -l host-address -x -a none -d 'an address of the host'
complete -c xvnet -n '__xvnet_in network add; or __xvnet_in network set' \
    -l ageing -x -d 'when a MAC is forgotten'
complete -c xvnet -n '__xvnet_in network add; or __xvnet_in network set' \
    -l subnet -x -a none -d 'its ports get addresses of it'
complete -c xvnet -n '__xvnet_in network add; or __xvnet_in network set' \
    -l gateway -x -a none -d "the gateway's address"
for option in 'router the router that joins it to other networks' 'dns name server' 'domain domain' \
        'boot-server where VMs boot from' 'boot-file what VMs boot' 'snat-except to whom it is off'
    set -l words (string split -m 1 ' ' $option)
    complete -c xvnet -n '__xvnet_in network add; or __xvnet_in network set' \
        -l $words[1] -x -a none -d "$words[2]"
end
complete -c xvnet -n '__xvnet_in network add; or __xvnet_in network set' \
    -l dhcp -d 'ports are told their addresses'
complete -c xvnet -n '__xvnet_in network add; or __xvnet_in network set' \
    -l snat -x -a 'auto none' -d 'a public address of its VMs'
complete -c xvnet -n '__xvnet_in network add; or __xvnet_in network set' \
    -l snat-ports -x -d 'ports of each public address'
complete -c xvnet -n '__xvnet_in network add; or __xvnet_in network set' \
    -l snat-filter -x -a 'address endpoint' -d 'who may answer'
complete -c xvnet -n '__xvnet_in network add; or __xvnet_in network set; or __xvnet_in forward add' \
    -l force -d 'take an address that another machine answers for'
complete -c xvnet -n '__xvnet_in network set' -l no-dhcp -d 'no DHCP any more'
complete -c xvnet -n '__xvnet_at save; or __xvnet_at restore' -a '(__fish_complete_path)'
complete -c xvnet -n '__xvnet_in restore' -l device -x -a '(__xvnet_devices)' -d 'only this one'
complete -c xvnet -n '__xvnet_in restore' -l replace -d 'change ports attached differently'
complete -c xvnet -n '__xvnet_in show nat' -l network -x -a '(__xvnet_shown networks)' \
    -d 'of this network'
complete -c xvnet -n '__xvnet_in show nat' -l address -x -d 'of this address'
complete -c xvnet -n '__xvnet_in show nat' -l port -x -d 'of this port'
complete -c xvnet -n '__xvnet_in stats' -l watch -d 'again each second'
