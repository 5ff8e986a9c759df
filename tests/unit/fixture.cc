// SPDX-License-Identifier: BSD-2-Clause
#include "fixture.h"

#include <algorithm>

#include "loader/base/tables.h"

namespace xvnet::test {
namespace {

template <typename View>
std::optional<View> named(const Result<std::vector<View>>& views, const std::string& name) {
  if (!views) {
    ADD_FAILURE() << views.error().message;
    return std::nullopt;
  }
  auto view = std::ranges::find(*views, name, &View::name);
  return view == views->end() ? std::nullopt : std::optional(*view);
}

}  // namespace

PortRequest port(const std::string& device) {
  PortRequest request;
  request.device = device;
  return request;
}

PortRequest on_vlan(const std::string& device, std::uint16_t vid) {
  PortRequest request = port(device);
  request.vid = vid;
  return request;
}

PortRequest in_network(const std::string& device, const std::string& network) {
  PortRequest request = port(device);
  request.network = network;
  return request;
}

PortRequest on_untagged(const std::string& device, const std::string& uplink) {
  PortRequest request = port(device);
  request.untagged = true;
  request.uplink = uplink;
  return request;
}

UplinkRequest uplink(const std::string& device, Mode mode) {
  UplinkRequest request;
  request.device = device;
  request.mode = mode;
  return request;
}

UplinkRequest uplink_with(const std::string& device, const std::vector<std::uint16_t>& vids) {
  UplinkRequest request = uplink(device);
  request.vids.emplace();
  for (std::uint16_t vid : vids) request.vids->set(vid);
  return request;
}

NetworkRequest network(const std::string& name) {
  NetworkRequest request;
  request.name = name;
  return request;
}

NetworkRequest vlan_network(const std::string& name, std::uint16_t vid) {
  NetworkRequest request = network(name);
  request.vid = vid;
  return request;
}

NetworkRequest with_subnet(NetworkRequest request, const std::string& subnet,
                           const std::string& gateway) {
  request.subnet = parse_subnet(subnet);
  if (!gateway.empty()) request.gateway = parse_ipv4(gateway);
  return request;
}

NetworkRequest tenant(const std::string& name, std::uint16_t vid) {
  return with_subnet(vlan_network(name, vid), "10.0.0.0/24", "10.0.0.1");
}

NetworkRequest of_router(NetworkRequest request, const std::string& router) {
  request.router = router;
  return request;
}

NetworkRequest routed(const std::string& name, int third, const std::string& router) {
  const std::string prefix = "10.0." + std::to_string(third);
  return of_router(with_subnet(network(name), prefix + ".0/24", prefix + ".1"), router);
}

NetworkRequest with_dhcp(NetworkRequest request) {
  request.dhcp = true;
  return request;
}

ForwardRequest forward(const std::string& network, const ForwardedPort& outside,
                       const ForwardedPort& inside, std::uint16_t ports) {
  return {.network = network,
          .protocol = ForwardProtocol::kTcp,
          .outside = *parse_ipv4(outside.address),
          .outside_port = outside.port,
          .inside = *parse_ipv4(inside.address),
          .inside_port = inside.port,
          .count = ports};
}

ForwardRequest floating(const std::string& network, const std::string& outside,
                        const std::string& inside) {
  ForwardRequest request;
  request.network = network;
  request.outside = *parse_ipv4(outside);
  request.inside = *parse_ipv4(inside);
  return request;
}

NetworkRequest with_snat(NetworkRequest request, const std::vector<std::string>& addresses,
                         std::uint32_t ports) {
  request.snat.emplace().source = SnatSource::kAddresses;
  if (addresses == std::vector<std::string>{"auto"}) {
    request.snat->source = SnatSource::kAuto;
  } else {
    for (const auto& address : addresses) request.snat->addresses.push_back(*parse_ipv4(address));
  }
  request.snat_ports = ports;
  return request;
}

NetworkRequest with_exceptions(NetworkRequest request, const std::vector<std::string>& prefixes) {
  request.snat_exceptions.emplace();
  for (const auto& prefix : prefixes) request.snat_exceptions->push_back(*parse_prefix(prefix));
  return request;
}

NetworkRequest without_snat(NetworkRequest request) {
  request.snat = SnatRequest{};
  return request;
}

PortRequest with_ips(PortRequest request, const std::vector<std::string>& ips) {
  for (const auto& ip : ips) request.ips.push_back(*parse_ipv4(ip));
  return request;
}

PortRequest with_allowed(PortRequest request, const std::vector<std::string>& ips) {
  for (const auto& ip : ips) request.allowed.push_back(*parse_ipv4(ip));
  return request;
}

Command attach(PortRequest request) {
  return [request = std::move(request)](Instance& xvnet) { return xvnet.attach(request); };
}

Command detach(std::string device, bool delete_device) {
  return [device = std::move(device), delete_device](Instance& xvnet) {
    return xvnet.detach(device, delete_device);
  };
}

Command add_uplink(UplinkRequest request) {
  return [request = std::move(request)](Instance& xvnet) { return xvnet.add_uplink(request); };
}

Command remove_uplink(std::string device) {
  return [device = std::move(device)](Instance& xvnet) { return xvnet.remove_uplink(device); };
}

Command add_network(NetworkRequest request) {
  return [request = std::move(request)](Instance& xvnet) { return xvnet.add_network(request); };
}

Command set_network(NetworkRequest request) {
  return [request = std::move(request)](Instance& xvnet) { return xvnet.set_network(request); };
}

Command add_forward(ForwardRequest request) {
  return [request = std::move(request)](Instance& xvnet) { return xvnet.add_forward(request); };
}

Command remove_forward(ForwardRequest request) {
  return [request = std::move(request)](Instance& xvnet) { return xvnet.remove_forward(request); };
}

Command remove_network(std::string name) {
  return [name = std::move(name)](Instance& xvnet) { return xvnet.remove_network(name); };
}

Command restore(DesiredState state, std::string device) {
  return [state = std::move(state), device = std::move(device)](Instance& xvnet) {
    auto outcome = xvnet.restore(state, device);
    if (outcome && !outcome->failures.empty())
      return Result<Outcome>(std::unexpected(outcome->failures.front()));
    return outcome;
  };
}

Command down() {
  return [](Instance& xvnet) { return xvnet.down(); };
}

Result<Outcome> run(FakeHost& host, const Command& command) {
  host.start_process();
  XVNET_ASSIGN(instance, Instance::open_for_change(host));
  return command(instance);
}

std::size_t place_of(const FakeHost& host, const std::string& line) {
  auto found = std::ranges::find(host.journal(), line);
  if (found == host.journal().end()) {
    ADD_FAILURE() << "\"" << line << "\" was not done:\n" << journal_text(host);
  }
  return static_cast<std::size_t>(found - host.journal().begin());
}

std::size_t first_with(const FakeHost& host, const std::string& beginning) {
  auto found = std::ranges::find_if(
      host.journal(), [&](const std::string& line) { return line.starts_with(beginning); });
  if (found == host.journal().end()) {
    ADD_FAILURE() << "\"" << beginning << "…\" was not done:\n" << journal_text(host);
  }
  return static_cast<std::size_t>(found - host.journal().begin());
}

bool was_done(const FakeHost& host, const std::string& line) {
  return std::ranges::find(host.journal(), line) != host.journal().end();
}

std::string journal_text(const FakeHost& host) {
  std::string text;
  for (const std::string& line : host.journal()) text += "  " + line + "\n";
  return text;
}

void OnFakeHost::TearDown() {
  for (const std::string& violation : host_.violations()) ADD_FAILURE() << violation;
}

Outcome OnFakeHost::must(const Command& command) {
  auto outcome = run(host_, command);
  if (!outcome) ADD_FAILURE() << outcome.error().message << "\n" << journal_text(host_);
  return outcome.value_or(Outcome{});
}

Error OnFakeHost::refused(const Command& command) {
  Snapshot before = take_snapshot(host_);
  auto outcome = run(host_, command);
  EXPECT_FALSE(outcome) << journal_text(host_);
  EXPECT_EQ(difference(before, take_snapshot(host_)), "") << journal_text(host_);
  if (outcome) return {};
  return outcome.error();
}

Error OnFakeHost::refused(const Command& command, ErrorKind kind, const std::string& part) {
  Error error = refused(command);
  EXPECT_EQ(static_cast<int>(error.kind), static_cast<int>(kind)) << error.message;
  EXPECT_NE(error.message.find(part), std::string::npos) << error.message;
  return error;
}

void OnFakeHost::must_do_nothing(const Command& command) {
  Outcome outcome = must(command);
  EXPECT_EQ(journal_text(host_), "");
  EXPECT_FALSE(outcome.changed);
}

std::optional<PortView> OnFakeHost::view_of(const std::string& port) {
  auto instance = Instance::open_for_reading(host_);
  return instance ? named(instance->ports(), port) : std::nullopt;
}

std::optional<NetworkView> OnFakeHost::network_view(const std::string& name) {
  auto instance = Instance::open_for_reading(host_);
  return instance ? named(instance->networks(), name) : std::nullopt;
}

std::optional<UplinkView> OnFakeHost::uplink_view(const std::string& name) {
  auto instance = Instance::open_for_reading(host_);
  return instance ? named(instance->uplinks(), name) : std::nullopt;
}

bool OnFakeHost::is_live(const std::string& device, Hook hook) {
  return host_.attachment(host_.device(device).link.ifindex, hook) == Attachment::kLive;
}

bool OnFakeHost::has_interface(const std::string& device) {
  return host_.fake_table(TableId::kInterfaces)
      .raw()
      .contains(to_bytes(host_.device(device).link.ifindex));
}

bool OnFakeHost::has_vlan(const std::string& uplink, std::uint16_t vid) {
  abi::vlan_key key{.uplink = host_.device(uplink).link.ifindex, .vid = vid, .pad = 0};
  return host_.fake_table(TableId::kVlans).raw().contains(to_bytes(key));
}

}  // namespace xvnet::test
