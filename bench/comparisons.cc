// SPDX-License-Identifier: BSD-2-Clause
#include <fmt/format.h>

#include "results.h"

namespace xvnet::bench {

namespace {

using Rows = std::vector<Comparison>;

void at_most(Rows& rows, const std::string& name, const std::string& over, const std::string& under,
             double target, Metric metric = Metric::kPacket) {
  rows.push_back({name, over, under, metric, Bound::kAtMost, target});
}

void no_target(Rows& rows, const std::string& name, const std::string& over,
               const std::string& under) {
  rows.push_back({name, over, under, Metric::kPacket, Bound::kNone, 0});
}

void compare_tap_to_tap(Rows& rows) {
  for (const char* size : {"60", "576", "1400"}) {
    const auto cell = [&](const char* contender) {
      return fmt::format("tap-tap/{}/{}", size, contender);
    };
    const std::string name = fmt::format("TAP→TAP {} B, ", size);
    at_most(rows, name + "XDP ÷ bridge", cell("xvnet xdp"), cell("bridge"), 0.45);
    at_most(rows, name + "tc ÷ bridge", cell("xvnet tc"), cell("bridge"), 0.72);
    at_most(rows, name + "XDP ÷ bare XDP redirect", cell("xvnet xdp"), cell("bare xdp redirect"),
            1.25, Metric::kPacketCycles);
    no_target(rows, name + "XDP ÷ OVS", cell("xvnet xdp"), cell("ovs"));
    no_target(rows, name + "tc ÷ OVS", cell("xvnet tc"), cell("ovs"));
    no_target(rows, name + "bare XDP redirect ÷ bridge", cell("bare xdp redirect"), cell("bridge"));
    no_target(rows, name + "bare tc redirect ÷ bridge", cell("bare tc redirect"), cell("bridge"));
  }
}

void compare_offloads(Rows& rows) {
  const auto cell = [](const char* what, const char* contender) {
    return fmt::format("offloads/{}/{}", what, contender);
  };
  const char* partial = "unfinished checksum, 1400";
  no_target(rows, "unfinished checksum, tc ÷ bridge", cell(partial, "xvnet tc"),
            cell(partial, "bridge"));
  no_target(rows, "unfinished checksum, XDP ÷ bridge", cell(partial, "xvnet xdp"),
            cell(partial, "bridge"));
  const char* tso = "TSO, 16384";
  at_most(rows, "16 KB TSO, tc ÷ bridge", cell(tso, "xvnet tc"), cell(tso, "bridge"), 1.0);
  no_target(rows, "16 KB TSO, XDP ÷ bridge", cell(tso, "xvnet xdp"), cell(tso, "bridge"));
}

void compare_vlan(Rows& rows, const std::string& wire) {
  for (const char* way : {"to wire", "from wire"}) {
    for (const char* size : {"64", "576", "1400"}) {
      const auto cell = [&](const std::string& scenario, const char* contender) {
        return fmt::format("{}{}/{}, {}/{}", scenario, wire, way, size, contender);
      };
      const std::string name = fmt::format("VLAN{} {} {} B, ", wire, way, size);
      for (const char* bridge : {"bridge + tc vlan", "filtering bridge", "bridge + 8021q"}) {
        at_most(rows, name + "XDP ÷ " + bridge, cell("vlan", "xvnet xdp"), cell("vlan", bridge),
                0.50);
        no_target(rows, name + "tc ÷ " + bridge, cell("vlan", "xvnet tc"), cell("vlan", bridge));
      }
      at_most(rows, name + "XDP ÷ OVS", cell("vlan", "xvnet xdp"), cell("vlan", "ovs"), 0.60);
      no_target(rows, name + "tc ÷ OVS", cell("vlan", "xvnet tc"), cell("vlan", "ovs"));
      no_target(rows, name + "XDP ÷ bridge, no tags", cell("vlan", "xvnet xdp"),
                cell("untagged", "bridge"));
    }
  }
}

void compare_snat(Rows& rows, const std::string& wire) {
  const auto compare = [&](const char* cell, double target) {
    const auto name = [&](const char* contender) {
      return fmt::format("snat{}/{}/{}", wire, cell, contender);
    };
    const std::string row = fmt::format("SNAT{} {} B ÷ ", wire, cell);
    at_most(rows, row + "bridge + route + masquerade", name("xvnet"),
            name("bridge + route + masquerade"), target);
    no_target(rows, row + "flowtable", name("xvnet"), name("flowtable"));
    no_target(rows, row + "OVS", name("xvnet"), name("ovs"));
  };
  for (const char* cell : {"out, 60", "in, 60", "out, 1400", "in, 1400"}) compare(cell, 0.45);
  compare("new, 60", 0.50);
}

void compare_routed(Rows& rows) {
  for (const char* cell : {"out, 60", "in, 60", "out, 1400", "in, 1400"})
    no_target(rows, fmt::format("routed {} B ÷ bridge + route", cell),
              fmt::format("routed/{}/xvnet", cell), fmt::format("routed/{}/bridge + route", cell));
}

void compare_denied(Rows& rows) {
  const auto cell = [](const std::string& contender) { return "denied/drop, 60/" + contender; };
  for (const char* nft : {"nft forward, 100 rules", "nft forward, set", "nft ingress, 100 rules",
                          "nft ingress, set"}) {
    at_most(rows, fmt::format("denied, XDP ÷ {}", nft), cell("xvnet xdp"), cell(nft), 0.40);
    no_target(rows, fmt::format("denied, tc ÷ {}", nft), cell("xvnet tc"), cell(nft));
  }
}

void compare_scale(Rows& rows) {
  constexpr double kFlat = 1.02;
  for (const std::string mode : {"xdp", "tc"}) {
    const auto flat = [&](const char* name, const char* many, const char* few) {
      at_most(rows, fmt::format("{}, {}", mode, name), fmt::format(fmt::runtime(many), mode),
              fmt::format(fmt::runtime(few), mode), kFlat);
    };
    flat("ports 2 → 1000", "ports/60/{}, 1000", "ports/60/{}, 2");
    flat("networks 1 → 4094", "networks/port to port/{}, 4094", "networks/port to port/{}, 1");
    flat("networks of an uplink 1 → 1000, to wire", "vlans/to wire/{}, 1000",
         "vlans/to wire/{}, 1");
    flat("networks of an uplink 1 → 1000, from wire", "vlans/from wire/{}, 1000",
         "vlans/from wire/{}, 1");
    flat("FDB 100 → 100,000", "fdb/100000/{}", "fdb/100/{}");
  }
  at_most(rows, "NAT mappings 32 → 10,000", "mappings/10000/xvnet", "mappings/32/xvnet", kFlat);
  at_most(rows, "NAT mappings 32 → 1,000,000", "mappings/1000000/xvnet", "mappings/32/xvnet",
          kFlat);
  constexpr double kSearch = 3.0;
  at_most(rows, "new public port, 0 → 99.9 % taken", "port search/99.9 % taken/xvnet",
          "port search/free/xvnet", kSearch);
}

void compare_latency(Rows& rows) {
  for (const char* path : {"VM to VM", "VLAN uplink"}) {
    for (const int load : {10, 50, 90}) {
      for (const char* quantile : {"p50", "p99"}) {
        const std::string what = fmt::format("latency {} at {} % load, {}, ", quantile, load, path);
        for (const auto& [name, mode] : {std::pair{"XDP", "xdp"}, std::pair{"tc", "tc"}})
          rows.push_back({what + name + " ÷ bridge", what + "xvnet " + mode, what + "bridge",
                          Metric::kValue, Bound::kNone, 0});
      }
    }
  }
}

void compare_quantities(Rows& rows) {
  const auto compare = [&](const std::string& name, const std::string& over,
                           const std::string& under, Bound bound, double target) {
    rows.push_back({name, over, under, Metric::kValue, bound, target});
  };
  for (const std::string command : {"attach", "detach"})
    compare(command + ", 1000 ports ÷ 1 port", command + " beside 1000 ports, CPU",
            command + " beside 1 ports, CPU", command == "attach" ? Bound::kAtMost : Bound::kNone,
            1.5);
  for (const std::string mode : {"tc", "xdp"})
    compare("bulk TCP over veth, " + mode + " ÷ bridge", "bulk TCP, xvnet " + mode,
            "bulk TCP, bridge", Bound::kAtLeast, 1.0);
  for (const std::string mode : {"tc", "xdp"})
    compare("bulk TCP through TAPs, " + mode + " ÷ bridge", "bulk TCP through TAPs, xvnet " + mode,
            "bulk TCP through TAPs, bridge", Bound::kAtLeast, 1.0);
  for (const std::string stack : {"xvnet xdp", "xvnet tc", "bridge", "getppid()"})
    compare("2 cores ÷ 1 core, " + stack, "2 cores, " + stack, "1 core, " + stack,
            stack.starts_with("xvnet") ? Bound::kAtLeast : Bound::kNone, 1.8);
}

}  // namespace

std::vector<Comparison> comparisons() {
  Rows rows;
  compare_tap_to_tap(rows);
  compare_offloads(rows);
  for (const char* wire : {"", ", veth"}) {
    compare_vlan(rows, wire);
    compare_snat(rows, wire);
  }
  compare_routed(rows);
  compare_denied(rows);
  compare_scale(rows);
  compare_quantities(rows);
  compare_latency(rows);
  return rows;
}

}  // namespace xvnet::bench
