// SPDX-License-Identifier: BSD-2-Clause
#include "cell.h"

namespace xvnet::bench {

namespace {

constexpr test::TapOptions kWithOffloads = {.vnet_header = 10, .offloads = test::kGuestOffloads};
constexpr size_t kSizes[] = {60, 576, 1400};
constexpr size_t kTcpSizes[] = {64, 576, 1400};  // with room for a marker in the payload
// Each round uses 256 of a network's ports, so 40 rounds use a third of them.
constexpr int kRoundsOfNewPorts = 40;
constexpr size_t kTsoSize = 16 << 10;

Contender xvnet(const std::string& name, const Layout& layout, const XvnetOptions& options) {
  return {name, [=] { return std::make_unique<XvnetStack>(layout, options); }};
}

// The default of an attached port.
Contender xvnet_tc(const Layout& layout) { return xvnet("xvnet tc", layout, {}); }

Contender xvnet_xdp(const Layout& layout) {
  return xvnet("xvnet xdp", layout, {.mode = "xdp", .guest_offloads = false});
}

Contender bridge(const std::string& name, const Layout& layout, const BridgeOptions& options = {}) {
  return {name, [=] { return std::make_unique<BridgeStack>(layout, options); }};
}

Contender ovs(const Layout& layout) {
  return {"ovs", [=] { return std::make_unique<OvsStack>(layout); }};
}

Contender bare(const std::string& name, Program program) {
  return {name, [=] { return std::make_unique<BareStack>(Layout{}, program); }};
}

std::vector<Cell> by_size(const std::function<Traffic(Stack&, size_t)>& traffic) {
  std::vector<Cell> cells;
  for (const size_t size : kSizes)
    cells.push_back({std::to_string(size), [=](Stack& stack) { return traffic(stack, size); }});
  return cells;
}

Scenario tap_to_tap() {
  return {.name = "tap-tap",
          .contenders = {xvnet_xdp({}), xvnet_tc({}), bridge("bridge", {}), ovs({}),
                         bare("bare xdp redirect", Program::kRedirectXdp),
                         bare("bare tc redirect", Program::kRedirectTc)},
          .cells = by_size([](Stack& stack, size_t size) { return between_vms(stack, size); }),
          .quick = true};
}

Scenario floors() {
  return {.name = "floor",
          .contenders = {bare("bare xdp drop", Program::kDropXdp),
                         bare("bare tc drop", Program::kDropTc)},
          .cells = by_size(into_nothing)};
}

Scenario offloads() {
  const Layout layout{.tap = kWithOffloads};
  const auto cell = [](const char* name, Offload offload, size_t size) {
    return Cell{name, [=](Stack& stack) { return between_vms_offloaded(stack, offload, size); }};
  };
  return {.name = "offloads",
          .contenders = {xvnet("xvnet xdp", layout, {.mode = "xdp"}), xvnet_tc(layout),
                         bridge("bridge", layout)},
          .cells = {cell("finished checksum, 1400", Offload::kNone, 1400),
                    cell("unfinished checksum, 1400", Offload::kPartial, 1400),
                    cell("TSO, 16384", Offload::kTso, kTsoSize)},
          .quick = true};
}

std::vector<Cell> over_the_wire(Tagged tagged) {
  std::vector<Cell> cells;
  for (const size_t size : kTcpSizes) {
    cells.push_back({"to wire, " + std::to_string(size),
                     [=](Stack& stack) { return to_wire(stack, size, tagged); }});
    cells.push_back({"from wire, " + std::to_string(size),
                     [=](Stack& stack) { return from_wire(stack, size, tagged); }});
  }
  return cells;
}

Scenario vlan(const std::string& name, Wire wire) {
  const Layout layout{.wire = wire};
  return {
      .name = name,
      .contenders = {xvnet_xdp(layout), xvnet_tc(layout),
                     bridge("bridge + tc vlan", layout, {.tagging = Tagging::kTc}),
                     bridge("filtering bridge", layout, {.tagging = Tagging::kFiltering}),
                     bridge("bridge + 8021q", layout, {.tagging = Tagging::kDevice}), ovs(layout)},
      .cells = over_the_wire(Tagged::kYes),
      .quick = wire == Wire::kTap};
}

// The bridge without tagging.
Scenario untagged(const std::string& name, Wire wire) {
  return {.name = name,
          .contenders = {bridge("bridge", Layout{.wire = wire})},
          .cells = over_the_wire(Tagged::kNo)};
}

Scenario snat(const std::string& name, Wire wire) {
  const Layout layout{.vms = 1, .wire = wire, .outside = Outside::kNat};
  const test::Words ports = {"--snat-ports", "32768"};
  std::vector<Cell> cells;
  for (const size_t size : {size_t{60}, size_t{1400}}) {
    cells.push_back({"out, " + std::to_string(size),
                     [=](Stack& stack) { return translated_out(stack, size); }});
    cells.push_back(
        {"in, " + std::to_string(size), [=](Stack& stack) { return translated_in(stack, size); }});
  }
  cells.push_back(
      {"new, 60", [](Stack& stack) { return new_connections(stack, 60); }, kRoundsOfNewPorts});
  return {.name = name,
          .contenders = {xvnet("xvnet", layout, {.snat = ports}),
                         bridge("bridge + route + masquerade", layout),
                         bridge("flowtable", layout, {.forwarding = Forwarding::kFlowtable}),
                         ovs(layout)},
          .cells = cells,
          .quick = wire == Wire::kTap};
}

// The path to the outside without translation, which xvnet has for remotes in --snat-except.
Scenario routed() {
  const Layout layout{.vms = 1, .wire = Wire::kTap, .outside = Outside::kNat};
  return {
      .name = "routed",
      .contenders = {xvnet("xvnet", layout, {.snat = {"--snat-except", kRemotes}}),
                     bridge("bridge + route", layout, {.forwarding = Forwarding::kUntranslated})},
      .cells = {{"out, 60", [](Stack& stack) { return routed_out(stack, 60); }},
                {"in, 60", [](Stack& stack) { return routed_in(stack, 60); }},
                {"out, 1400", [](Stack& stack) { return routed_out(stack, 1400); }},
                {"in, 1400", [](Stack& stack) { return routed_in(stack, 1400); }}}};
}

Scenario denied_by_xvnet() {
  const Layout layout{.vms = 3};
  return {.name = "denied",
          .contenders = {xvnet_xdp(layout), xvnet_tc(layout)},
          .cells = {{"drop, 60", [](Stack& stack) { return denied(stack, Denied::kTag, 60); }}},
          .quick = true};
}

Scenario denied_by_nft() {
  const Layout layout{.vms = 3};
  using Kind = Filter::Kind;
  const auto with = [&](const char* name, Kind kind, Filter::Place place) {
    return bridge(name, layout, {.filter = {.kind = kind, .place = place}});
  };
  return {
      .name = "denied",
      .contenders = {with("nft forward, 100 rules", Kind::kLinear, Filter::Place::kForward),
                     with("nft forward, set", Kind::kSet, Filter::Place::kForward),
                     with("nft ingress, 100 rules", Kind::kLinear, Filter::Place::kIngress),
                     with("nft ingress, set", Kind::kSet, Filter::Place::kIngress)},
      .cells = {{"drop, 60", [](Stack& stack) { return denied(stack, Denied::kSourceMac, 60); }}},
      .quick = true};
}

Scenario scale_of_ports() {
  const Cell cell{"60", [](Stack& stack) { return between_vms(stack, 60); }};
  Scenario scenario{.name = "ports", .contenders = {}, .cells = {cell}};
  for (const auto& [name, spare] : {std::pair{"2", 0}, std::pair{"1000", 998}}) {
    XvnetOptions options{.mode = "xdp", .guest_offloads = false};
    options.spare_ports = static_cast<size_t>(spare);
    scenario.contenders.push_back(xvnet(std::string("xdp, ") + name, {}, options));
    options.mode = "tc";
    scenario.contenders.push_back(xvnet(std::string("tc, ") + name, {}, options));
  }
  return scenario;
}

// More networks take too long to build in an emulated machine.
constexpr size_t kNetworksOfAnUplink = 1000;
constexpr size_t kNetworks = 4094;

Contender among_networks(const char* mode, Wire wire, size_t networks) {
  XvnetOptions options{.mode = mode, .guest_offloads = false};
  options.spare_networks = networks - 1;
  return xvnet(std::string(mode) + ", " + std::to_string(networks), Layout{.wire = wire}, options);
}

Scenario scale_of_networks() {
  Scenario scenario{.name = "networks", .contenders = {}, .cells = {}, .is_native = true};
  for (const char* mode : {"xdp", "tc"})
    for (const size_t networks : {size_t{1}, kNetworks})
      scenario.contenders.push_back(among_networks(mode, Wire::kNone, networks));
  scenario.cells = {{"port to port", [](Stack& stack) { return between_vms(stack, 60); }}};
  return scenario;
}

Scenario scale_of_vlans() {
  Scenario scenario{.name = "vlans", .contenders = {}, .cells = {}};
  for (const char* mode : {"xdp", "tc"})
    for (const size_t networks : {size_t{1}, kNetworksOfAnUplink})
      scenario.contenders.push_back(among_networks(mode, Wire::kTap, networks));
  scenario.cells = {{"to wire", [](Stack& stack) { return to_wire(stack, 64, Tagged::kYes); }},
                    {"from wire", [](Stack& stack) { return from_wire(stack, 64, Tagged::kYes); }}};
  return scenario;
}

// Frames go among the same 100 ports in both cells, so that only the size of the FDB differs.
Scenario scale_of_fdb() {
  constexpr size_t kPorts = 100;
  constexpr size_t kMacs = 1000;
  const Layout layout{.vms = kPorts};
  Scenario scenario{.name = "fdb", .contenders = {}, .cells = {}};
  for (const char* mode : {"xdp", "tc"})
    scenario.contenders.push_back(
        xvnet(mode, layout, {.mode = mode, .guest_offloads = false, .max_macs = kMacs}));
  for (const size_t macs : {size_t{1}, kMacs})
    scenario.cells.push_back(
        {std::to_string(kPorts * macs), [=](Stack& stack) { return among_macs(stack, macs); }});
  return scenario;
}

// Frames come from the same 32 VMs in all cells: 32 tenants, each with a public address.
Scenario scale_of_mappings() {
  constexpr size_t kTenants = 32;
  const Layout layout{.vms = kTenants, .wire = Wire::kTap, .outside = Outside::kNat};
  Scenario scenario{.name = "mappings", .contenders = {}, .cells = {}};
  XvnetOptions options;
  options.snat = {"--snat-ports", "32768"};
  options.natted_networks = kTenants;
  scenario.contenders.push_back(xvnet("xvnet", layout, options));
  for (const size_t count : {kTenants, size_t{10'000}, size_t{1'000'000}})
    scenario.cells.push_back(
        {std::to_string(count), [=](Stack& stack) { return many_connections(stack, count); }});
  return scenario;
}

// Of the 32,768 public ports of a network.
Scenario search_for_ports() {
  const Layout layout{.vms = 1, .wire = Wire::kTap, .outside = Outside::kNat};
  Scenario scenario{.name = "port search",
                    .contenders = {xvnet("xvnet", layout, {.snat = {"--snat-ports", "32768"}})},
                    .cells = {},
                    .quick = true};
  for (const auto& [name, taken] :
       {std::pair{"free", size_t{0}}, std::pair{"99.9 % taken", size_t{32'736}}})
    scenario.cells.push_back({name, [=](Stack& stack) { return queries_beside(stack, taken); }});
  return scenario;
}

}  // namespace

std::vector<Scenario> scenarios() {
  return {tap_to_tap(),
          floors(),
          offloads(),
          vlan("vlan", Wire::kTap),
          untagged("untagged", Wire::kTap),
          vlan("vlan, veth", Wire::kVeth),
          untagged("untagged, veth", Wire::kVeth),
          snat("snat", Wire::kTap),
          snat("snat, veth", Wire::kVeth),
          routed(),
          denied_by_xvnet(),
          denied_by_nft(),
          scale_of_ports(),
          scale_of_networks(),
          scale_of_vlans(),
          scale_of_fdb(),
          scale_of_mappings(),
          search_for_ports()};
}

}  // namespace xvnet::bench
