// SPDX-License-Identifier: BSD-2-Clause
#include "loader/base/tables.h"
#include "loader/nat/ranges.h"
#include "scenarios.h"

namespace xvnet::test {
namespace {

NetworkRequest with_filter(NetworkRequest request, SnatFilter filter) {
  request.snat_filter = filter;
  return request;
}

NetworkRequest with_ports(NetworkRequest request, std::uint32_t ports) {
  request.snat_ports = ports;
  return request;
}

// The VM behind tap0 has a mapping and a session in each translated network.
void add_mappings(FakeHost& host) {
  const std::uint32_t ifindex = host.device("tap0").link.ifindex;
  const auto& networks = host.fake_table(TableId::kNatNetworks);
  for (const auto& [id, entry] : networks.typed<std::uint32_t, abi::nat_network>()) {
    const abi::nat_range& range = entry.ranges[0];
    const abi::nat_slot_key key{
        .address = range.address, .port = range.first, .protocol = abi::NAT_UDP, .pad = 0};
    abi::nat_slot slot{};
    slot.expires_ns = host.monotonic_ns() + 1;
    slot.inside = to_abi({0x0a000002});
    slot.network = id;
    slot.ifindex = ifindex;
    slot.port = 5000;
    const abi::nat_mapping_key inside{.network = id,
                                      .address = slot.inside,
                                      .port = slot.port,
                                      .protocol = abi::NAT_UDP,
                                      .pad = 0};
    const abi::nat_mapping mapping{.range = 0, .port = range.first, .address = {}};
    abi::nat_bucket bucket{};
    bucket.sessions[0].expires_ns = slot.expires_ns;
    host.fake_table(TableId::kNatSlots).set(to_bytes(key), to_bytes(slot));
    host.fake_table(TableId::kNatMappings).set(to_bytes(inside), to_bytes(mapping));
    host.fake_table(TableId::kNatSessions)
        .set(to_bytes(abi::nat_bucket_key{id, 1}), to_bytes(bucket));
  }
}

void add_mappings_and_recreate(FakeHost& host) {
  add_mappings(host);
  host.recreate("tap0");
}

// Reserves a port for a service of the host, from the range that a network would get.
void reserve(FakeHost& host) { host.reserve("8080,65500"); }

// Reserves a port that no network would get.
void reserve_another(FakeHost& host) { host.reserve("8080"); }

const std::vector<Scenario>& of_networks() {
  static const Command eth0 = add_uplink(uplink("eth0"));
  static const std::vector<Scenario> all{
      {"AddNetworkSnatAuto", {eth0}, add_network(with_snat(tenant("blue", 10), {"auto"})), reserve},
      {"AddNetworkSnatPool",
       {eth0},
       add_network(with_snat(tenant("blue", 10), {"203.0.113.5", "203.0.113.6"}))},
      {"AddNetworkSnatBesideAnother",
       {eth0, add_network(with_snat(tenant("green", 20), {"auto"}))},
       add_network(with_snat(tenant("blue", 10), {"auto"})),
       add_mappings},
      {"SetNetworkSnat",
       {eth0, add_network(tenant("blue", 10)), attach(in_network("tap0", "blue")),
        attach(in_network("tap1", "blue"))},
       set_network(with_snat(network("blue"), {"auto"}))},
      {"SetNetworkSnatToPool",
       {eth0, add_network(with_snat(tenant("blue", 10), {"auto"})),
        attach(in_network("tap0", "blue"))},
       set_network(with_snat(network("blue"), {"203.0.113.5"})),
       add_mappings},
      {"SetNetworkSnatPorts",
       {eth0, add_network(with_snat(tenant("blue", 10), {"auto"})),
        attach(in_network("tap0", "blue"))},
       set_network(with_ports(network("blue"), 128)),
       add_mappings},
      {"SetNetworkSnatFilter",
       {eth0, add_network(with_snat(tenant("blue", 10), {"auto"})),
        attach(in_network("tap0", "blue"))},
       set_network(with_filter(network("blue"), SnatFilter::kEndpoint)),
       add_mappings},
      {"SetNetworkSnatNone",
       {eth0, add_network(with_snat(tenant("blue", 10), {"auto"})),
        attach(in_network("tap0", "blue"))},
       set_network(without_snat(network("blue"))),
       add_mappings},
      {"SetNetworkSnatNoneBesideAnother",
       {eth0, add_network(with_snat(tenant("green", 20), {"auto"})),
        add_network(with_snat(tenant("blue", 10), {"auto"})), attach(in_network("tap0", "blue"))},
       set_network(without_snat(network("blue"))),
       add_mappings},
      {"SetNetworkSnatExceptions",
       {eth0, add_network(with_snat(tenant("blue", 10), {"auto"}))},
       set_network(with_exceptions(network("blue"), {"192.0.2.0/24", "198.51.100.0/24"}))},
      {"SetNetworkNoSnatExceptions",
       {eth0, add_network(with_exceptions(with_snat(tenant("blue", 10), {"auto"}),
                                          {"192.0.2.0/24", "198.51.100.0/24"}))},
       set_network(with_exceptions(network("blue"), {}))},
      {"RemoveNetworkWithSnat",
       {eth0, add_network(with_snat(tenant("blue", 10), {"203.0.113.5"}))},
       remove_network("blue"),
       add_mappings},
  };
  return all;
}

const std::vector<Scenario>& of_forwards() {
  static const Command eth0 = add_uplink(uplink("eth0"));
  static const Command blue = add_network(with_snat(tenant("blue", 10), {"auto"}));
  static const auto ssh = forward("blue", {"192.0.2.2", 2222}, {"10.0.0.7", 22});
  static const auto web = forward("blue", {"203.0.113.5", 8000}, {"10.0.0.8", 8000}, 3);
  static const auto whole = floating("blue", "203.0.113.7", "10.0.0.9");
  static const std::vector<Scenario> all{
      {"AddForward", {eth0, blue}, add_forward(ssh), reserve_another},
      {"AddForwardOfARange", {eth0, blue, add_forward(ssh)}, add_forward(web)},
      {"AddFloating", {eth0, blue}, add_forward(whole)},
      {"RemoveForward",
       {eth0, blue, add_forward(ssh), add_forward(web)},
       remove_forward(ssh),
       reserve_another},
      {"RemoveForwardOfARange", {eth0, blue, add_forward(web)}, remove_forward(web)},
      {"RemoveFloating", {eth0, blue, add_forward(whole)}, remove_forward(whole)},
      {"SetNetworkSnatBesideForwards",
       {eth0, blue, add_forward(ssh), add_forward(web), add_forward(whole),
        attach(in_network("tap0", "blue"))},
       set_network(with_snat(network("blue"), {"203.0.113.5"})),
       add_mappings},
      {"RemoveNetworkWithForwards",
       {eth0, blue, add_forward(ssh), add_forward(web), add_forward(whole)},
       remove_network("blue")},
      {"DownWithForwards",
       {eth0, blue, add_forward(ssh), add_forward(web), add_forward(whole)},
       down()},
      {"RestoreForwards",
       {},
       restore({.uplinks = {uplink("eth0")},
                .networks = {with_snat(tenant("blue", 10), {"auto"})},
                .forwards = {whole, ssh},
                .ports = {in_network("tap0", "blue")}})},
  };
  return all;
}

const std::vector<Scenario>& of_devices() {
  static const Command eth0 = add_uplink(uplink("eth0"));
  static const std::vector<Scenario> all{
      {"AttachWithSnat",
       {eth0, add_network(with_snat(tenant("blue", 10), {"auto"}))},
       attach(in_network("tap0", "blue"))},
      {"AttachRecreatedWithSnat",
       {eth0, add_network(with_snat(tenant("blue", 10), {"auto"})),
        attach(in_network("tap0", "blue"))},
       attach(in_network("tap0", "blue")),
       add_mappings_and_recreate},
      {"DetachWithSnat",
       {eth0, add_network(with_snat(tenant("blue", 10), {"auto"})),
        attach(in_network("tap0", "blue"))},
       detach("tap0"),
       add_mappings},
      {"AddUplinkBesideSnat",
       {eth0, add_network(with_snat(tenant("blue", 10), {"auto"}))},
       add_uplink(uplink_with("eth1", {30}))},
      {"AddUplinkRecreatedWithSnat",
       {eth0, add_network(with_snat(tenant("blue", 10), {"203.0.113.5"})),
        attach(in_network("tap0", "blue"))},
       add_uplink(uplink("eth0")),
       [](FakeHost& host) { host.recreate("eth0"); }},
      {"RemoveUplinkWithSnat",
       {eth0, add_network(with_snat(tenant("blue", 10), {"203.0.113.5"}))},
       remove_uplink("eth0")},
      {"DownWithSnat",
       {eth0, add_network(with_snat(tenant("blue", 10), {"auto"})),
        add_network(with_snat(tenant("green", 20), {"203.0.113.5"})),
        attach(in_network("tap0", "blue"))},
       down(),
       add_mappings},
      {"RestoreSnat",
       {},
       restore({.uplinks = {uplink("eth0")},
                .networks = {with_snat(tenant("blue", 10), {"auto"}),
                             with_snat(tenant("green", 20), {"auto"})},
                .forwards = {},
                .ports = {in_network("tap0", "blue"), in_network("new0", "green")}})},
  };
  return all;
}

}  // namespace

const std::vector<Scenario>& translating() {
  static const std::vector<Scenario> all = [] {
    std::vector<Scenario> joined = of_networks();
    joined.insert(joined.end(), of_forwards().begin(), of_forwards().end());
    joined.insert(joined.end(), of_devices().begin(), of_devices().end());
    return joined;
  }();
  return all;
}

}  // namespace xvnet::test
