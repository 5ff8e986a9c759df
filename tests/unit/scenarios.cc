// SPDX-License-Identifier: BSD-2-Clause
#include "scenarios.h"

#include "loader/base/change.h"
#include "loader/base/tables.h"

namespace xvnet::test {
namespace {

PortRequest with_mac(PortRequest request) {
  request.mac = Mac{0x02, 0, 0, 0, 0, 0x11};
  return request;
}

PortRequest without_offloads(PortRequest request) {
  request.guest_offloads = false;
  return request;
}

PortRequest with_mtu(PortRequest request, std::uint32_t mtu) {
  request.mtu = mtu;
  return request;
}

PortRequest owned(PortRequest request, const std::string& owner) {
  request.owner = owner;
  request.queues = 4;
  return request;
}

PortRequest in_mode(PortRequest request, Mode mode) {
  request.mode = mode;
  return request;
}

PortRequest replacing(PortRequest request) {
  request.replace = true;
  return request;
}

NetworkRequest with_addresses(NetworkRequest request, std::vector<std::string> addresses) {
  request.host_addresses = std::move(addresses);
  return request;
}

NetworkRequest with_ageing(NetworkRequest request, std::uint32_t seconds) {
  request.ageing_s = seconds;
  return request;
}

NetworkRequest untagged_network(const std::string& name) {
  NetworkRequest request = network(name);
  request.untagged = true;
  return request;
}

void nothing(FakeHost&) {}

// The programs have learned a guest behind tap0.
void learn(FakeHost& host) {
  std::uint32_t ifindex = host.device("tap0").link.ifindex;
  auto interfaces = host.fake_table(TableId::kInterfaces).typed<std::uint32_t, abi::interface>();
  for (const auto& [port, entry] : interfaces) {
    if (port != ifindex) continue;
    abi::fdb_key key{.network = entry.network, .mac = {0x02, 0, 0, 0, 0, 0x22}, .pad = 0};
    abi::fdb_entry learned{.ifindex = ifindex, .slot = 0, .last_seen_ns = 1};
    host.fake_table(TableId::kFdb).set(to_bytes(key), to_bytes(learned));
    abi::learner_key owner{.network = entry.network, .ifindex = ifindex};
    const auto& learners = host.fake_table(TableId::kLearners).raw();
    auto learner = from_bytes<abi::learner>(learners.at(to_bytes(owner)));
    std::memcpy(&learner.slots[0], key.mac, sizeof key.mac);
    host.fake_table(TableId::kLearners).set(to_bytes(owner), to_bytes(learner));
  }
}

// A VM opens the TAP that xvnet made.
void open_tap(FakeHost& host) {
  if (host.has("new0")) host.device("new0").link.is_open = true;
}

void keep_tap(FakeHost& host) {
  if (!host.has("new0")) host.add_tap("new0");
  host.device("new0").link.alias = kKeptAlias;
}

const std::vector<Scenario>& attaching() {
  static const std::vector<Scenario> all{
      {"AttachFirst", {}, attach(on_vlan("tap0", 10))},
      {"AttachCreatingTap", {}, attach(on_vlan("new0", 10))},
      {"AttachCreatingOwnedTap", {}, attach(owned(on_vlan("new0", 10), "1000"))},
      {"AttachKeptTap", {}, attach(on_vlan("new0", 10)), keep_tap},
      {"AttachDeviceThatIsUp", {}, attach(on_vlan("tap1", 10))},
      {"AttachXdp", {}, attach(without_offloads(on_vlan("tap0", 10)))},
      {"AttachVethXdp", {}, attach(in_mode(on_vlan("veth0", 10), Mode::kXdp))},
      {"AttachWithMacAndMtu",
       {},
       attach(with_mtu(with_mac(on_vlan("tap1", 10)), 1400)),
       nothing,
       [](FakeHost& host) { host.device("tap1").link.mtu = 1400; }},
      {"AttachBesideAnother",
       {add_uplink(uplink("eth0")), attach(on_vlan("tap1", 10))},
       attach(on_vlan("tap0", 10))},
      {"AttachWithUplink", {add_uplink(uplink("eth0"))}, attach(on_vlan("tap0", 10))},
      {"AttachUntagged", {add_uplink(uplink("eth0"))}, attach(on_untagged("tap0"))},
      {"AttachHostOnly", {add_network(network("lab"))}, attach(in_network("tap0", "lab"))},
      {"AttachWithAddress",
       {add_network(with_subnet(network("lab"), "10.0.0.0/24", "10.0.0.1")),
        attach(in_network("tap1", "lab"))},
       attach(in_network("tap0", "lab"))},
      {"AttachWithAddresses",
       {add_network(with_subnet(network("lab"), "10.0.0.0/24", "10.0.0.1"))},
       attach(with_ips(in_network("new0", "lab"), {"10.0.0.7", "10.0.0.9"}))},
      {"AttachSharing",
       {add_network(with_subnet(network("lab"), "10.0.0.0/24", "10.0.0.1")),
        attach(with_allowed(in_network("tap0", "lab"), {"10.0.0.9"}))},
       attach(with_allowed(in_network("new0", "lab"), {"10.0.0.7", "10.0.0.9"}))},
      {"AttachSharingOthers",
       {add_network(with_subnet(network("lab"), "10.0.0.0/24", "10.0.0.1")),
        attach(with_allowed(in_network("tap1", "lab"), {"10.0.0.9"})),
        attach(with_allowed(in_network("tap0", "lab"), {"10.0.0.8", "10.0.0.9"}))},
       attach(replacing(with_allowed(in_network("tap0", "lab"), {"10.0.0.7"})))},
      {"AttachWithLease",
       {add_network(with_dhcp(with_subnet(network("lab"), "10.0.0.0/24", "10.0.0.1")))},
       attach(in_network("tap0", "lab"))},
      {"AttachTakingOver",
       {add_network(with_dhcp(with_subnet(network("lab"), "10.0.0.0/24", "10.0.0.1"))),
        attach(with_mac(with_ips(in_network("tap1", "lab"), {"10.0.0.7", "10.0.0.8"})))},
       attach(with_mac(with_ips(in_network("tap0", "lab"), {"10.0.0.7"}))),
       [](FakeHost& host) { host.device("tap1").link.has_carrier = false; }},
      {"ReplaceAddress",
       {add_network(with_subnet(network("lab"), "10.0.0.0/24", "10.0.0.1")),
        attach(in_network("tap0", "lab"))},
       attach(replacing(with_ips(in_network("tap0", "lab"), {"10.0.0.7"})))},
      {"ReplaceMacsAndMac", {attach(with_mac(on_vlan("tap0", 10)))}, attach(replacing([] {
         auto request = on_vlan("tap0", 10);
         request.mac = Mac{2, 0, 0, 0, 0, 9};
         request.max_macs = 9;
         return request;
       }()))},
      {"ReplaceNetwork",
       {add_uplink(uplink("eth0")), attach(with_mac(on_vlan("tap0", 10)))},
       attach(replacing(on_vlan("tap0", 20))),
       learn},
      {"ReplaceMode",
       {attach(on_vlan("tap0", 10))},
       attach(replacing(in_mode(on_vlan("tap0", 10), Mode::kXdp)))},
      {"ReplaceXdpByTc",
       {attach(in_mode(on_vlan("veth0", 10), Mode::kXdp))},
       attach(replacing(in_mode(on_vlan("veth0", 10), Mode::kTc)))},
      {"AttachOrphaned",
       {add_uplink(uplink("eth0")), attach(on_vlan("tap0", 10))},
       attach(on_vlan("tap0", 10)),
       [](FakeHost& host) { host.recreate_with_same_ifindex("tap0"); }},
      {"AttachRecreated",
       {add_uplink(uplink("eth0")), attach(with_mac(on_vlan("tap0", 10)))},
       attach(with_mac(on_vlan("tap0", 10))),
       [](FakeHost& host) { host.recreate("tap0"); }},
  };
  return all;
}

const std::vector<Scenario>& detaching() {
  static const std::vector<Scenario> all{
      {"DetachLast",
       {add_uplink(uplink("eth0")), attach(on_vlan("tap0", 10))},
       detach("tap0"),
       learn},
      {"DetachOneOfTwo",
       {attach(on_vlan("tap1", 10)), attach(with_mac(on_vlan("tap0", 10)))},
       detach("tap0"),
       learn},
      {"DetachXdp", {attach(in_mode(on_vlan("veth0", 10), Mode::kXdp))}, detach("veth0")},
      {"DetachDeleting", {attach(on_vlan("new0", 10))}, detach("new0", true)},
      {"DetachKeeping", {attach(on_vlan("new0", 10))}, detach("new0", true), open_tap, keep_tap},
      {"DetachGone",
       {add_uplink(uplink("eth0")), attach(with_mac(on_vlan("tap0", 10)))},
       detach("tap0"),
       [](FakeHost& host) { host.remove("tap0"); }},
      {"DetachWithAddresses",
       {add_network(with_subnet(network("lab"), "10.0.0.0/24", "10.0.0.1")),
        attach(with_ips(in_network("tap0", "lab"), {"10.0.0.7", "10.0.0.9"}))},
       detach("tap0")},
      {"DetachOneThatShares",
       {add_network(with_subnet(network("lab"), "10.0.0.0/24", "10.0.0.1")),
        attach(with_allowed(in_network("tap0", "lab"), {"10.0.0.7", "10.0.0.9"})),
        attach(with_allowed(in_network("tap1", "lab"), {"10.0.0.9"}))},
       detach("tap0")},
      {"DetachWithLease",
       {add_network(with_dhcp(with_subnet(network("lab"), "10.0.0.0/24", "10.0.0.1"))),
        attach(in_network("tap0", "lab"))},
       detach("tap0")},
      {"DetachUntagged",
       {add_uplink(uplink("eth0")), attach(on_untagged("tap0"))},
       detach("tap0"),
       learn},
  };
  return all;
}

const std::vector<Scenario>& uplinks() {
  static const std::vector<Scenario> all{
      {"AddUplinkFirst", {}, add_uplink(uplink("eth0"))},
      {"AddUplinkToNetworks",
       {attach(on_vlan("tap0", 10)), attach(on_vlan("tap1", 20)), attach(on_untagged("tap2"))},
       add_uplink(uplink("eth0"))},
      {"AddUplinkTc", {attach(on_vlan("tap0", 10))}, add_uplink(uplink("eth0", Mode::kTc))},
      {"AddUplinkTakingVid",
       {add_uplink(uplink("eth0")), attach(on_vlan("tap0", 10)), attach(on_vlan("tap1", 20))},
       add_uplink(uplink_with("eth1", {10, 30}))},
      {"RemoveUplink",
       {add_uplink(uplink("eth0")), attach(on_vlan("tap0", 10)), attach(on_untagged("tap1"))},
       remove_uplink("eth0")},
      {"RemoveUplinkLeavingAnother",
       {add_uplink(uplink("eth0")), add_uplink(uplink_with("eth1", {10})),
        attach(on_vlan("tap0", 10))},
       remove_uplink("eth1")},
      {"AddUplinkRecreated",
       {add_uplink(uplink("eth0")), attach(on_vlan("tap0", 10))},
       add_uplink(uplink("eth0")),
       [](FakeHost& host) { host.recreate("eth0"); }},
      {"AddUplinkOrphaned",
       {add_uplink(uplink("eth0")), attach(on_vlan("tap0", 10))},
       add_uplink(uplink("eth0")),
       [](FakeHost& host) { host.recreate_with_same_ifindex("eth0"); }},
  };
  return all;
}

const std::vector<Scenario>& networks() {
  static const NetworkRequest lab = with_addresses(network("lab"), {"10.5.0.1/24"});
  static const std::vector<Scenario> all{
      {"AddNetwork", {add_uplink(uplink("eth0"))}, add_network(vlan_network("blue", 10))},
      {"AddNetworkWithSubnet",
       {},
       add_network(with_subnet(network("lab"), "10.0.0.0/24", "10.0.0.1"))},
      {"SetNetworkSubnet",
       {add_network(network("lab")), attach(in_network("tap0", "lab"))},
       set_network(with_subnet(network("lab"), "10.0.0.0/24", "10.0.0.1"))},
      {"SetNetworkDhcp",
       {add_network(with_subnet(network("lab"), "10.0.0.0/24", "10.0.0.1")),
        attach(in_network("tap0", "lab"))},
       set_network(with_dhcp(network("lab")))},
      {"RemoveNetworkWithAddresses",
       {add_network(with_subnet(network("lab"), "10.0.0.0/24", "10.0.0.1")),
        attach(in_network("tap0", "lab")), detach("tap0")},
       remove_network("lab")},
      {"AddNetworkUntagged", {add_uplink(uplink("eth0"))}, add_network(untagged_network("flat"))},
      {"AddNetworkKeepingImplicit",
       {attach(on_vlan("tap0", 10))},
       add_network(vlan_network("vlan10", 10))},
      {"AddNetworkWithHost", {}, add_network(with_addresses(lab, {"10.5.0.1/24", "10.6.0.1/24"}))},
      {"SetNetworkVid",
       {add_uplink(uplink("eth0")), add_network(vlan_network("blue", 10)),
        attach(in_network("tap0", "blue"))},
       set_network(vlan_network("blue", 20)),
       learn},
      {"SetNetworkToUntagged",
       {add_uplink(uplink("eth0")), add_network(vlan_network("blue", 10))},
       set_network(untagged_network("blue"))},
      {"SetNetworkFromUntagged",
       {add_uplink(uplink("eth0")), add_network(untagged_network("blue"))},
       set_network(vlan_network("blue", 20))},
      {"SetNetworkAgeing",
       {add_network(vlan_network("blue", 10))},
       set_network(with_ageing(network("blue"), 60))},
      {"SetNetworkAddresses",
       {add_network(lab)},
       set_network(with_addresses(network("lab"), {"10.7.0.1/24"}))},
      {"SetNetworkAddAddress",
       {add_network(lab)},
       set_network(with_addresses(network("lab"), {"10.5.0.1/24", "10.6.0.1/24"}))},
      {"SetNetworkFirstAddress", {add_network(network("lab"))}, set_network(lab)},
      {"RemoveNetwork",
       {add_uplink(uplink("eth0")), add_network(vlan_network("blue", 10))},
       remove_network("blue")},
      {"RemoveNetworkUntagged",
       {add_uplink(uplink("eth0")), add_network(untagged_network("flat"))},
       remove_network("flat")},
      {"RemoveNetworkWithHost", {add_network(lab)}, remove_network("lab")},
      {"DownEmpty", {add_network(network("lab")), remove_network("lab")}, down()},
      {"DownKeeping",
       {attach(on_vlan("tap0", 10)), attach(on_vlan("new0", 10))},
       down(),
       open_tap,
       keep_tap},
      {"DownEverything",
       {add_uplink(uplink("eth0")), add_network(lab), attach(with_mac(on_vlan("tap0", 10))),
        attach(on_vlan("new0", 10)), attach(in_mode(on_vlan("veth0", 20), Mode::kXdp)),
        attach(on_untagged("tap1")), attach(in_network("tap2", "lab"))},
       down(),
       learn},
  };
  return all;
}

// Scenarios of networks that a router joins.
const std::vector<Scenario>& routing() {
  static const Command web = add_network(routed("web", 1, "r1"));
  static const Command db = add_network(routed("db", 2, "r1"));
  static const std::vector<Scenario> all{
      {"AddNetworkOfARouter", {web}, add_network(routed("db", 2, "r1"))},
      {"SetNetworkIntoARouter",
       {web, add_network(routed("db", 2, "r2")), attach(in_network("tap0", "db"))},
       set_network(of_router(network("db"), "r1"))},
      {"SetNetworkOutOfARouter",
       {web, db, attach(in_network("tap0", "db"))},
       set_network(of_router(network("db"), ""))},
      {"SetNetworkSubnetInARouter",
       {web, db},
       set_network(with_subnet(network("db"), "10.0.3.0/24", "10.0.3.1"))},
      {"RemoveNetworkOfARouter", {web, db}, remove_network("web")},
  };
  return all;
}

const std::vector<Scenario>& restoring() {
  static const DesiredState state = {
      .uplinks = {uplink("eth0")},
      .networks = {with_addresses(with_ageing(network("lab"), 300), {"10.5.0.1/24"})},
      .forwards = {},
      .ports = {with_mac(on_vlan("tap0", 10)), on_vlan("new0", 10),
                in_mode(on_vlan("veth0", 20), Mode::kXdp), on_untagged("tap1"),
                in_network("tap2", "lab")}};
  static const std::vector<Scenario> all{
      {"RestoreEverything", {}, restore(state)},
      {"RestoreWhatIsMissing",
       {add_uplink(uplink("eth0")), attach(on_vlan("new0", 10))},
       restore(state)},
      {"RestoreARecreatedDevice",
       {restore(state)},
       restore(state, "tap0"),
       [](FakeHost& host) { host.recreate("tap0"); }},
  };
  return all;
}

}  // namespace

const std::vector<Scenario>& scenarios() {
  static const std::vector<Scenario> all = [] {
    std::vector<Scenario> joined;
    for (const auto* some : {&attaching(), &detaching(), &uplinks(), &networks(), &routing(),
                             &translating(), &restoring()}) {
      joined.insert(joined.end(), some->begin(), some->end());
    }
    return joined;
  }();
  return all;
}

bool Scenario::is_restore() const { return std::string_view(name).starts_with("Restore"); }

bool Scenario::removes() const {
  std::string_view verb(name);
  return verb.starts_with("Detach") || verb.starts_with("Remove") || verb.starts_with("Down");
}

void make_host(FakeHost& host) {
  host.add_nic("eth0").addresses = {"192.0.2.2/24"};
  host.add_nic("eth1");
  for (const char* name : {"tap0", "tap1", "tap2"}) host.add_tap(name);
  host.device("tap1").link.is_up = true;
  host.add_veth("veth0", "peer0");
  host.device("peer0").foreign_xdp = "\"pass\" (id 1)";
}

void prepare(FakeHost& host, const Scenario& scenario) {
  make_host(host);
  for (const Command& command : scenario.before) {
    auto outcome = run(host, command);
    if (!outcome) ADD_FAILURE() << scenario.name << ": " << outcome.error().message;
  }
  scenario.world(host);
}

}  // namespace xvnet::test
