// SPDX-License-Identifier: BSD-2-Clause
//
// Other software damages a working instance. doctor must name the fault and print a repair command.
// A shell runs that command exactly as printed, and then traffic must flow again. A NAT
// mapping that survived the fault must survive the repair too.
#include <functional>
#include <optional>
#include <sstream>

#include "doctor_site.h"
#include "pins.h"
#include "variable.h"

namespace xvnet::test {
namespace {

// How doctor's repair affects the sessions of the VM. With kGone, the port is gone for good, and
// its sessions are not checked.
enum class Sessions { kStay, kEnd, kGone };

struct Row {
  std::string name;
  std::string fault;       // shell command on the host; $LINKS: directory of pinned links
  std::string check;       // the subject of the finding
  std::string detail;      // part of the finding's detail
  std::string fix;         // part of the fix; the whole fix is run
  bool is_failure = true;  // doctor exits with 1
  Sessions sessions = Sessions::kStay;
};

const char* const kAttach = "attach p1 --network green";
const char* const kUplink = "uplink add eth0";
const char* const kNetwork = "network set green --snat auto";
const char* const kHost = "network set lab --host-address 10.5.0.1/24";

// Removes the pins of tcx links or clsact filters. The filters' programs keep running.
std::string unpin(const std::string& dev) {
  return "rm -f $LINKS/$(ip -o link show dev " + dev + " | cut -d: -f1)-*";
}

// Detaches the link, or deletes the filter that is there without one.
std::string detach(const std::string& dev, const std::string& hook) {
  return "bpftool link detach pinned $LINKS/$(ip -o link show dev " + dev + " | cut -d: -f1)-" +
         hook + " 2>/dev/null || tc filter del dev " + dev + " " + hook;
}

const std::vector<Row> kRows = {
    {"ForwardingOfThePortOff", "sysctl -qw net.ipv4.conf.p1.forwarding=0", "port p1",
     "IPv4 forwarding", kAttach},
    {"IpForwardOnAndOff", "sysctl -qw net.ipv4.ip_forward=1; sysctl -qw net.ipv4.ip_forward=0",
     "port p1", "IPv4 forwarding", kAttach},
    {"ReservedPortsOverwritten", "sysctl -qw net.ipv4.ip_local_reserved_ports=8080",
     "network green", "not reserved", kNetwork},
    {"ForwardedPortNotReserved", "sysctl -qw net.ipv4.ip_local_reserved_ports=8080",
     "network green", "the forwarded port 2222", "forward add green udp 198.51.100.1:2222"},
    {"PortInABridge", "ip link add br9 type bridge; ip link set br9 up; ip link set p1 master br9",
     "port p1", "member of \"br9\"", kAttach},
    {"TapInABridge", "ip link add br9 type bridge; ip link set tap0 master br9", "port tap0",
     "member of \"br9\"", "attach tap0"},
    {"HostPortInABridge", "ip link add br9 type bridge; ip link set xp-lab master br9",
     "port xp-lab", "member of \"br9\"", kHost},
    {"AddressOfTheUplinkChanges",
     "ip addr add 198.51.100.9/24 dev eth0; ip addr del 198.51.100.1/24 dev eth0; "
     "ip addr add 198.51.100.9/24 dev eth0 2>/dev/null; "
     "ip route replace default via 198.51.100.254",
     "network green", "does not have the public address 198.51.100.1", kNetwork, true,
     Sessions::kEnd},
    {"MacOfTheUplinkChanges",
     "$XVNET forward add green all 203.0.113.7 10.0.0.2 2>/dev/null; "
     "$XVNET network set green --snat 203.0.113.5; ip link set eth0 address 02:00:00:00:77:01",
     "uplink eth0", "its MAC has changed", kUplink, true, Sessions::kEnd},
    {"PromiscuousOff", "ip link set eth0 promisc off", "uplink eth0", "promiscuous", kUplink},
    {"PinsOfThePortRemoved", unpin("p1"), "port p1", "gone", kAttach},
    {"PinsOfTheUplinkRemoved", unpin("eth0"), "uplink eth0", "gone", kUplink},
    {"PinsOfTheHostPortRemoved", unpin("xp-lab"), "port xp-lab", "gone", kHost},
    {"PinsOfTheTapRemoved", unpin("tap0"), "port tap0", "gone", "attach tap0"},
    {"BackstopsFlushed", "nft flush ruleset", "port p1", "its backstop is gone", kAttach, false},
    {"BackstopOfTheTapDeleted",
     "nft delete chain netdev xvnet port-$(ip -o link show dev tap0 | cut -d: -f1)", "port tap0",
     "its backstop is gone", "attach tap0", false},
    {"PortDown", "ip link set p1 down", "port p1", "it was set down", kAttach},
    {"TapDown", "ip link set tap0 down", "port tap0", "it was set down", "attach tap0"},
    {"UplinkDown", "ip link set eth0 down", "uplink eth0", "it is down", "ip link set dev eth0 up"},
    {"PortWithArp", "ip link set p1 arp on", "port p1", "ARP or IPv6", kAttach},
    {"PortWithArpAndIpv6",
     "ip link set p1 arp on; ip link set p1 addrgenmode eui64; "
     "sysctl -qw net.ipv6.conf.p1.disable_ipv6=0",
     "port p1", "ARP or IPv6", kAttach},
    {"HostPortWithArp", "ip link set xp-lab arp on", "port xp-lab", "ARP or IPv6", kHost},
    {"RequestedMtuChanged", "ip link set tap0 mtu 900", "port tap0", "its MTU is 900, not 1400",
     "attach tap0"},
    {"MtuOfThePortSmall", "ip link set p1 mtu 900", "port p1", "smaller than 1500",
     "ip link set dev p1 mtu 1500", false},
    {"MtuOfTheUplinkSmall", "ip link set eth0 mtu 1300", "uplink eth0", "its MTU of 1300",
     "ip link set dev eth0 mtu 1500", false},
    {"PortRenamed", "ip link set p1 down; ip link set p1 name q1; ip link set q1 up", "port q1",
     "it was called \"p1\"", "attach q1 --network green", false},
    {"UplinkRenamed",
     "ip link set eth0 down; ip link set eth0 name wan0; ip link set wan0 up; "
     "ip route replace default via 198.51.100.254",
     "uplink wan0", "it was called \"eth0\"", "uplink add wan0", false},
    {"HostInterfaceDown", "ip link set xv-lab down", "network lab", "\"xv-lab\" is down", kHost},
    {"HostInterfaceWithoutItsAddress", "ip addr flush dev xv-lab", "network lab",
     "\"xv-lab\" has lost 10.5.0.1/24", kHost},
    {"HostInterfaceDeleted", "ip link del xv-lab", "network lab", "\"xv-lab\" is gone", kHost},
    {"HostPortDown", "ip link set xp-lab down", "port xp-lab", "it was set down", kHost},
    {"UplinkInABridge", "ip link add br9 type bridge; ip link set eth0 master br9", "uplink eth0",
     "member of \"br9\"", "ip link set dev eth0 nomaster"},
    {"HostInterfaceInABridge", "ip link add br9 type bridge; ip link set xv-lab master br9",
     "network lab", "\"xv-lab\" is a member of \"br9\"", "ip link set dev xv-lab nomaster"},
    {"HostInterfaceWithoutArp", "ip link set xv-lab arp off", "network lab", "ARP was turned off",
     kHost},
    {"HostInterfaceWithProxyArp", "sysctl -qw net.ipv4.conf.xv-lab.proxy_arp=1", "network lab",
     "net.ipv4.conf.xv-lab.proxy_arp was changed", kHost},
    {"LooseRpFilterOfAll", "sysctl -qw net.ipv4.conf.all.rp_filter=2", "network lab",
     "net.ipv4.conf.all.rp_filter overrides", "sysctl -w net.ipv4.conf.all.rp_filter=1", false},
    {"ProxyArpOfAll", "sysctl -qw net.ipv4.conf.all.proxy_arp=1", "network lab",
     "net.ipv4.conf.all.proxy_arp overrides", "sysctl -w net.ipv4.conf.all.proxy_arp=0", false},
    {"FloatingAddressTaken",
     "$XVNET forward add green all 198.51.100.7 10.0.0.3; ip addr add 198.51.100.7/24 dev eth0",
     "network green", "the host now has 198.51.100.7, the address of a forward",
     "ip address del 198.51.100.7/24 dev eth0"},
    {"AcceptLocalOff", "sysctl -qw net.ipv4.conf.lo.accept_local=0", "lo", "accept_local",
     "forward add green udp 198.51.100.1:2222"},
    {"ProgramOfLoRemoved", unpin("lo"), "lo", "its program is gone",
     "forward add green udp 198.51.100.1:2222"},
    {"TapDeleted", "ip link del tap0", "port tap0", "the device is gone", "attach tap0"},
    {"PortCameBackFromANamespace",
     "ip netns add $SPARE; ip link set p1 netns $SPARE; "
     "nsenter --net=/run/netns/$SPARE ip link set p1 netns $HERE; ip netns del $SPARE",
     "port p1", "", kAttach},
    {"PortRenamedAfterItsPinsWent",
     unpin("p1") + "; ip link set p1 down; ip link set p1 name q1; ip link set q1 up", "port q1",
     "one of its programs is gone", "attach q1 --network green"},
    {"TapRenamedAfterItsPinsWent",
     unpin("tap0") + "; ip link set tap0 down; "
                     "ip link set tap0 name tap8; ip link set tap8 up",
     "port tap8", "one of its programs is gone", "attach tap8 --network lab"},
    {"UplinkRenamedAfterItsPinsWent",
     unpin("eth0") + "; ip link set eth0 down; ip link set eth0 name wan0; ip link set wan0 up; "
                     "ip route replace default via 198.51.100.254",
     "uplink wan0", "one of its programs is gone", "uplink add wan0"},
    {"HostInterfaceRenamed", "ip link set xv-lab down; ip link set xv-lab name bar", "network lab",
     "\"xv-lab\" was renamed to \"bar\"", kHost},
    {"HostPortRenamed", "ip link set xp-lab down; ip link set xp-lab name bar; ip link set bar up",
     "port bar", "it was called \"xp-lab\"", kHost, false},
    {"BothEndsOfTheHostInterfaceSwapNames",
     "for d in xv-lab xp-lab; do ip link set $d down; done; ip link set xv-lab name bar; "
     "ip link set xp-lab name xv-lab; ip link set bar name xp-lab; "
     "for d in xv-lab xp-lab; do ip link set $d up; done",
     "network lab", "", kHost},
    {"HostPortRenamedAfterItsPinsWent",
     unpin("xp-lab") + "; ip link set xp-lab down; ip link set xp-lab name bar; "
                       "ip link set bar up",
     "port bar", "one of its programs is gone", kHost},
    {"HostInterfaceCameBackFromANamespace",
     "ip netns add $SPARE; ip link set xv-lab netns $SPARE; "
     "nsenter --net=/run/netns/$SPARE ip link set xv-lab netns $HERE; ip netns del $SPARE",
     "network lab", "", kHost},
    {"HostPortCameBackFromANamespace",
     "ip netns add $SPARE; ip link set xp-lab netns $SPARE; "
     "nsenter --net=/run/netns/$SPARE ip link set xp-lab netns $HERE; ip netns del $SPARE",
     "port xp-lab", "", kHost},
    {"HostPortCameBackWithAnotherNumber",
     "ip netns add $SPARE; N=$(ip -o link show dev xp-lab | cut -d: -f1); "
     "nsenter --net=/run/netns/$SPARE ip link add block index $N type veth peer name block2; "
     "ip link set xp-lab netns $SPARE; ip link add block index $N type veth peer name block2; "
     "nsenter --net=/run/netns/$SPARE ip link set xp-lab netns $HERE; ip netns del $SPARE",
     "port xp-lab", "", kHost},
    {"ContainerGone",
     "ip link add c0 type veth peer name c1; $XVNET attach c0 --network lab; ip link del c0",
     "port c0", "the device is gone; if it comes back: xvnet", "detach c0", false, Sessions::kGone},
    {"ContainerWithoutCarrier",
     "ip link add c0 type veth peer name c1; $XVNET attach c0 --network lab", "port c0",
     "it has no carrier", "ip link set dev c1 up", false},
    {"ProgramsUnpinned", "rm -r $LINKS/../progs", "programs", "tc_from_vm", "upgrade"},
    {"ProgramUnpinned", "rm $LINKS/../progs/tc_to_outside", "programs", "tc_to_outside", "upgrade"},
    {"AddressAddedAfterRestore",
     "ip addr flush dev eth0; echo '{\"format\": 1, \"networks\": [{\"name\": \"late\", "
     "\"subnet\": \"10.9.0.0/24\", \"gateway\": \"10.9.0.1\", \"snat\": [\"auto\"]}]}' | "
     "$XVNET restore /dev/stdin; ip addr add 198.51.100.1/24 dev eth0",
     "network late", "no public address", "network set late --snat auto"},
    {"AddressGone", "ip addr flush dev eth0", "network green",
     "does not have the public address 198.51.100.1", "", true, Sessions::kEnd},
    {"UplinkWithoutCarrier", "nsenter --net=/run/netns/$INTERNET ip link set eth0 down",
     "uplink eth0", "it has no carrier", "", true, Sessions::kEnd},
    {"TapWithoutAVm", "$XVNET attach tap7 --network lab", "port tap7", "no VM has it open", "",
     false},
    {"HostInterfaceUnguarded", "sysctl -qw net.ipv4.conf.xv-lab.arp_ignore=0", "network lab",
     "net.ipv4.conf.xv-lab.arp_ignore was changed", kHost},
    {"VlanWithoutAnUplink",
     "$XVNET uplink del eth0; $XVNET uplink add eth0 --vlans none; $XVNET network set lab --vlan "
     "40",
     "network lab", "no uplink carries VLAN 40", "", false},
    {"UplinkOfThePublicAddressRemoved", "$XVNET uplink del eth0", "network green",
     "198.51.100.1 is on \"eth0\", which is not an uplink", "uplink add eth0"},
    {"SecondUplinkWithAnAddress",
     "ip link add eth1 type veth peer name far1; ip addr add 192.0.2.9/24 dev eth1; "
     "ip link set eth1 up; ip link set far1 up; $XVNET uplink add eth1 --vlans none",
     "network green", "cannot be restored after a reboot", "", false},
    {"NoDefaultRoute", "ip route del default", "routes", "no IPv4 default route", "", false},
    {"RandomMasquerade",
     "nft 'table ip nat { chain post { type nat hook postrouting priority 100; "
     "ip saddr 172.17.0.0/16 masquerade fully-random; }; }'",
     "nat", "chain post of table ip nat", "", false},
    {"RandomMasqueradeOfIptables",
     "iptables-nft -t nat -A POSTROUTING -s 172.17.0.0/16 -j MASQUERADE --random-fully", "nat",
     "chain POSTROUTING of table ip nat", "", false},
    {"SocketOnAForwardedPort",
     "setsid socat -u -T 60 UDP-RECV:2222,bind=198.51.100.1 /dev/null >/dev/null 2>&1 </dev/null & "
     "sleep 0.3",
     "network green", "a socket of the host has the forwarded port 2222", "", false},
    {"EgressProgramOfTheUplinkRemoved",
     "rm -f $LINKS/$(ip -o link show dev eth0 | cut -d: -f1)-egress*", "uplink eth0", "gone",
     kUplink},
    {"LinkOfTheUplinksEgressDetached", detach("eth0", "egress"), "uplink eth0", "gone", kUplink},
    {"LinkOfTheHostPortDetached", detach("xp-lab", "ingress"), "port xp-lab", "gone", kHost},
    {"PublishedPortInTheRange",
     "nft 'table ip nat { chain pre { type nat hook prerouting priority -100; "
     "tcp dport 32700 dnat to 172.17.0.2:80; }; }'",
     "network green", "publishes its ports 32700", kNetwork, true, Sessions::kEnd},
    {"PublishedPortInTheRangeByIptables",
     "iptables-nft -t nat -A PREROUTING -p tcp --dport 32701 -j DNAT --to 172.17.0.2:80",
     "network green", "publishes its ports 32701", kNetwork, true, Sessions::kEnd},
    {"MtuOfARouteUnlocked", "ip route add 192.0.2.0/24 via 198.51.100.254 mtu 1000", "routes",
     "the MTU of the route 192.0.2.0/24 mtu 1000 does not apply to VMs", "", false},
    {"AddressOnAPort", "ip addr add 192.168.77.1/24 dev p1", "port p1",
     "the host has the address 192.168.77.1", "ip address flush dev p1", false},
    {"MacOfTheHostInterfaceChanges", "ip link set xv-lab address 02:00:00:00:77:02", "network lab",
     "the MAC of its host interface \"xv-lab\" was changed", kHost},
};

bool is_of_attachments(const Row& row) {
  return row.fault.find("$LINKS") != std::string::npos ||
         row.fault.find("netns") != std::string::npos;
}

// Every row runs with tcx links. Rows that concern links or filters also run with clsact filters,
// as on kernels before 6.6.
struct Trial {
  Row row;
  const char* no_tcx;  // XVNET_NO_TCX
};

std::ostream& operator<<(std::ostream& out, const Trial& trial) { return out << trial.row.name; }

std::vector<Trial> all_trials() {
  std::vector<Trial> trials;
  trials.reserve(2 * kRows.size());
  for (const Row& row : kRows) trials.push_back({row, ""});
  for (const Row& row : kRows)
    if (is_of_attachments(row)) trials.push_back({row, "1"});
  return trials;
}

class DoctorTable : public ::testing::TestWithParam<Trial> {
 protected:
  std::string run_fault(const Site& site) const {
    const std::string suffix = unique_suffix();
    const std::string script = "XVNET='xvnet --instance " + site.host.instance() +
                               "'; LINKS=" + own_pins(site.host.instance()) + "/links; SPARE=xvt-" +
                               suffix + "; HERE=" + site.ns().name() +
                               "; INTERNET=" + site.internet.name() + "; " + GetParam().row.fault;
    return site.host.shell(script).describe();
  }

  const Variable no_tcx_{"XVNET_NO_TCX", GetParam().no_tcx};
};

// The finding that the row expects, or null if doctor does not report it.
nlohmann::json find(const nlohmann::json& findings, const Row& row) {
  for (const auto& finding : findings)
    if (finding.at("check") == row.check && finding.at("status") != "ok" &&
        finding.at("detail").get<std::string>().find(row.detail) != std::string::npos)
      return finding;
  return nullptr;
}

nlohmann::json doctor(const Site& site) {
  return nlohmann::json::parse(site.host.xvnet({"--json", "doctor"}).out);
}

TEST_P(DoctorTable, NamesTheFaultAndThePrintedFixRepairsIt) {
  const Row& row = GetParam().row;
  const Site site;
  const UdpSocket service(site.internet, kInternetIp, kService);
  const UdpSocket client(site.guest.ns, "0.0.0.0", 0);
  ASSERT_TRUE(eventually([&] { return site.is_answered(client, service); }));
  const uint16_t port = site.public_port;
  ASSERT_TRUE(find(doctor(site), row).is_null()) << "doctor reports the fault before it exists";

  const std::string said = run_fault(site);
  const nlohmann::json found = find(doctor(site), row);
  ASSERT_FALSE(found.is_null()) << said << "\n" << site.host.xvnet({"doctor"}).describe();
  EXPECT_EQ(found.at("status"), row.is_failure ? "fail" : "warn") << found.dump();
  EXPECT_EQ(site.host.xvnet({"doctor"}).exit_code, row.is_failure ? 1 : 0)
      << site.host.xvnet({"doctor"}).describe();
  const std::string fix = found.at("fix");
  EXPECT_NE(fix.find(row.fix), std::string::npos) << fix;
  if (row.fix.empty()) return;  // only the operator can know the fix

  const CommandResult fixed = site.host.shell(fix);
  EXPECT_EQ(fixed.exit_code, 0) << fixed.describe();
  EXPECT_TRUE(find(doctor(site), row).is_null()) << doctor(site).dump(1);
  if (row.sessions == Sessions::kGone) return;
  site.ns().run({"ip", "route", "replace", "default", "via", kInternetIp});
  EXPECT_TRUE(eventually([&] { return site.is_answered(client, service); }))
      << site.host.xvnet({"stats"}).out << site.host.xvnet({"doctor"}).out;
  if (row.sessions == Sessions::kStay) {
    EXPECT_EQ(site.public_port, port);
  }
}

INSTANTIATE_TEST_SUITE_P(Every, DoctorTable, ::testing::ValuesIn(all_trials()),
                         [](const auto& trial) {
                           return trial.param.row.name + (*trial.param.no_tcx ? "ByClsact" : "");
                         });

}  // namespace
}  // namespace xvnet::test
