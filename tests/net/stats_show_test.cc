// SPDX-License-Identifier: BSD-2-Clause
//
// The output of show and stats: the JSON that programs rely on, and each counter.
#include <signal.h>

#include <sstream>

#include "lab.h"

namespace xvnet::test {
namespace {

using Json = nlohmann::json;

class Stats : public InMode {};
XVNET_IN_BOTH_MODES(Stats);

TEST_P(Stats, CountCarriedFramesAndTheirBytesOnBothSides) {
  uplink("eth0");
  Tap& a = vm_in_vlan("tap0", 10);
  Tap& b = vm_in_vlan("tap1", 10);
  b.send(udp4(Ends::between(kMacB, kMacA)));
  lab.ears.flush();
  const Json a_before = lab.host.stats("tap0");
  const Json b_before = lab.host.stats("tap1");
  uint64_t bytes = 0;
  constexpr uint64_t kFrames = 7;
  for (uint64_t i = 0; i < kFrames; ++i) {
    const Frame frame = udp4(Ends::between(kMacA, kMacB), 64 + i * 100);
    a.send(frame);
    bytes += frame.bytes.size();
  }
  lab.ears.flush();
  const auto grown = [](const Json& before, const Json& after, const char* way, const char* what) {
    return after.at(way).at(what).get<uint64_t>() - before.at(way).at(what).get<uint64_t>();
  };
  const Json a_after = lab.host.stats("tap0");
  const Json b_after = lab.host.stats("tap1");
  EXPECT_EQ(grown(a_before, a_after, "from_vm", "packets"), kFrames);
  EXPECT_EQ(grown(a_before, a_after, "from_vm", "bytes"), bytes);
  EXPECT_EQ(grown(b_before, b_after, "to_vm", "packets"), kFrames);
  EXPECT_EQ(grown(b_before, b_after, "to_vm", "bytes"), bytes);
  EXPECT_EQ(grown(a_before, a_after, "to_vm", "packets"), 0u);
  EXPECT_EQ(lab.host.packets("eth0", "to_uplink"), 1u)
      << "only the first frame, with an unknown destination";
}

TEST_P(Stats, CountAFloodOnceAtItsSenderAndAtEachReceiver) {
  uplink("eth0");
  Tap& a = vm_in_vlan("tap0", 10);
  vm_in_vlan("tap1", 10);
  vm_in_vlan("tap2", 10);
  a.send(udp4(Ends::between(kMacA, kBroadcast)));
  lab.ears.flush();
  EXPECT_EQ(lab.host.packets("tap0", "from_vm"), 1u);
  EXPECT_EQ(lab.host.packets("tap1", "to_vm"), 1u);
  EXPECT_EQ(lab.host.packets("tap2", "to_vm"), 1u);
  EXPECT_EQ(lab.host.packets("eth0", "to_uplink"), 1u);
}

TEST_P(Stats, CountFramesFromTheWireAtTheUplink) {
  PacketSocket& wire = uplink("eth0");
  vm_in_vlan("tap0", 10);
  wire.send(udp4(Ends::between(kMacWire, kBroadcast)).tagged(10));
  wire.send(udp4(Ends::between(kMacWire, kBroadcast)).tagged(30));  // the host's: not counted
  wire.send(udp4(Ends::between(kMacWire, kBroadcast)));
  lab.ears.flush();
  EXPECT_EQ(lab.host.packets("eth0", "from_uplink"), 1u);
  EXPECT_EQ(lab.host.packets("tap0", "to_vm"), 1u);
}

TEST_P(Stats, CountEachDropUnderItsOwnReasonAndNothingElse) {
  Tap& a = vm_in_vlan("tap0", 10);
  const std::vector<std::pair<std::string, Frame>> drops = {
      {"vlan_tagged", udp4(Ends::between(kMacA, kBroadcast)).tagged(10)},
      {"bad_source_mac", udp4(Ends::between("01:00:5e:00:00:01", kBroadcast))},
      {"link_local_control", lldp(kMacA)},
      {"no_receiver", udp4(Ends::between(kMacA, kBroadcast))},
      {"hairpin", udp4(Ends::between(kMacC, kMacA))},
  };
  uint64_t sum = 0;
  for (const auto& [reason, frame] : drops) {
    a.send(frame);
    lab.ears.flush();
    EXPECT_EQ(lab.host.drops("tap0", "from_vm", reason), 1u) << reason;
    EXPECT_EQ(lab.host.all_drops("tap0", "from_vm"), ++sum) << reason;
  }
  EXPECT_EQ(lab.host.packets("tap0", "from_vm"), 0u);
}

TEST_P(Stats, AFrameTooLargeForItsReceiverIsCounted) {
  Tap& a = vm("tap0", {"--vlan", "10", "--mtu", "9000"});
  Tap& b = vm_in_vlan("tap1", 10);
  b.send(udp4(Ends::between(kMacB, kMacA)));
  lab.ears.flush();
  const Frame frame = udp4(Ends::between(kMacA, kMacB), 4000);
  a.send(frame);
  EXPECT_EQ(lab.where(frame), (Places{}));
  EXPECT_EQ(lab.host.drops("tap0", "from_vm", "too_big"), 1u);
}

TEST_P(Stats, StartAtZeroForANewPort) {
  Tap& a = vm_in_vlan("tap0", 10);
  a.send(udp4(Ends::between(kMacA, kBroadcast)));
  lab.host.must({"detach", "tap0"});
  lab.host.attach("tap0", with_mode({"--vlan", "10"}));
  EXPECT_EQ(lab.host.all_drops("tap0", "from_vm"), 0u);
}

TEST_P(Stats, WatchRepeatsUntilInterrupted) {
  Tap& a = vm_in_vlan("tap0", 10);
  vm_in_vlan("tap1", 10);
  RunningCommand watch = lab.host.start({"--json", "stats", "tap0", "--watch"});
  ASSERT_TRUE(eventually([&] { return watch.unread() > 0; }));
  const std::size_t one_look = watch.unread();
  a.send(udp4(Ends::between(kMacA, kBroadcast)));
  EXPECT_TRUE(eventually([&] { return watch.unread() >= 3 * one_look; }));
  ::kill(watch.pid(), SIGINT);
  const CommandResult result = watch.wait();
  EXPECT_EQ(result.exit_code, 0) << result.describe();
  std::istringstream looks(result.out);
  std::vector<int> packets;
  for (std::string look; std::getline(looks, look);)
    packets.push_back(nlohmann::json::parse(look).at(0).at("from_vm").at("packets"));
  EXPECT_EQ(packets.front(), 0);
  EXPECT_EQ(packets.back(), 1);
}

TEST_P(Stats, OfOneDeviceMatchTheFullList) {
  uplink("eth0");
  vm_in_vlan("tap0", 10);
  const Json all = lab.host.json({"stats"});
  ASSERT_EQ(all.size(), 2u);
  for (const auto& object : all) {
    EXPECT_EQ(object, lab.host.stats(object.at("name").get<std::string>()));
  }
  const CommandResult unknown = lab.host.xvnet({"stats", "tap9"});
  EXPECT_EQ(unknown.exit_code, 1) << unknown.describe();
  EXPECT_EQ(error_problems(unknown, {"tap9"}), "");
}

// The keys that a program may rely on, with the type of each value.
void expect_schema(const Json& object, const std::map<std::string, std::string>& keys) {
  ASSERT_TRUE(object.is_object()) << object.dump();
  for (const auto& [key, types] : keys) {
    ASSERT_TRUE(object.contains(key)) << key << " is missing in " << object.dump();
    const std::string type = object.at(key).type_name();
    EXPECT_NE(types.find(type), std::string::npos) << key << " is a " << type;
  }
  for (const auto& [key, value] : object.items()) {
    EXPECT_TRUE(keys.contains(key)) << key << " is not documented: " << object.dump();
  }
}

class Show : public InMode {
 protected:
  void SetUp() override {
    uplink("eth0");
    lab.host.must({"network", "add", "lab", "--host-address", "10.0.0.2/24"});
    Tap& a = vm_in_vlan("tap0", 10);
    vm("tap1", {"--network", "lab", "--mac", kMacB});
    a.send(udp4(Ends::between(kMacA, kBroadcast)));
    lab.ears.flush();
  }
};
XVNET_IN_BOTH_MODES(Show);

TEST_P(Show, JsonHasItsKeys) {
  for (const auto& port : lab.host.json({"show", "ports"})) {
    expect_schema(port, {{"name", "string"},
                         {"ifindex", "number"},
                         {"kind", "string"},
                         {"network", "string"},
                         {"vlan", "number null"},
                         {"mode", "string"},
                         {"mode_asked", "string"},
                         {"why", "string"},
                         {"state", "string"},
                         {"carrier", "string"},
                         {"mac", "string null"},
                         {"max_macs", "number"},
                         {"macs", "number"},
                         {"created", "boolean"},
                         {"ip", "array"},
                         {"allow", "array"},
                         {"hostname", "string null"}});
  }
  for (const auto& network : lab.host.json({"show", "networks"})) {
    expect_schema(network, {{"name", "string"},
                            {"id", "number"},
                            {"kind", "string"},
                            {"vlan", "number null"},
                            {"uplink", "string null"},
                            {"ports", "array"},
                            {"ageing", "number"},
                            {"host_interface", "string null"},
                            {"host_addresses", "array"},
                            {"implicit", "boolean"},
                            {"subnet", "string null"},
                            {"gateway", "string null"},
                            {"dhcp", "boolean"},
                            {"dns", "array"},
                            {"snat", "array"},
                            {"snat_filter", "null"},
                            {"snat_exceptions", "array"},
                            {"router", "string null"}});
  }
  lab.host.must(
      {"network", "add", "blue", "--subnet", "10.0.0.0/24", "--gateway", "10.0.0.1", "--dhcp"});
  lab.host.attach("tap2", {"--network", "blue"});
  const auto leases = lab.host.json({"show", "leases"});
  ASSERT_EQ(leases.size(), 1u);
  expect_schema(leases.front(), {{"ip", "string"},
                                 {"network", "string"},
                                 {"dev", "string"},
                                 {"state", "string"},
                                 {"mac", "string null"},
                                 {"age", "number null"}});
  lab.host.must({"network", "set", "blue", "--snat", "203.0.113.5"});
  lab.host.must({"forward", "add", "blue", "tcp", "203.0.113.5:2222", "10.0.0.7:22"});
  const auto forwards = lab.host.json({"show", "forwards"});
  ASSERT_EQ(forwards.size(), 1u);
  expect_schema(forwards.front(), {{"network", "string"},
                                   {"protocol", "string"},
                                   {"outside_ip", "string"},
                                   {"outside_port", "number null"},
                                   {"inside_ip", "string"},
                                   {"inside_port", "number null"},
                                   {"ports", "number"},
                                   {"dev", "string null"},
                                   {"sent", "number"},
                                   {"received", "number"}});
  for (const auto& uplink : lab.host.json({"show", "uplinks"})) {
    expect_schema(uplink, {{"name", "string"},
                           {"ifindex", "number"},
                           {"mode", "string"},
                           {"mode_asked", "string"},
                           {"why", "string"},
                           {"vlans", "string"},
                           {"networks", "array"},
                           {"state", "string"},
                           {"carrier", "string"}});
  }
  for (const auto& entry : lab.host.json({"show", "fdb"})) {
    expect_schema(entry, {{"network", "string"},
                          {"mac", "string"},
                          {"dev", "string"},
                          {"kind", "string"},
                          {"age", "number null"}});
  }
  for (const auto& check : lab.host.json({"doctor"})) {
    expect_schema(
        check,
        {{"check", "string"}, {"status", "string"}, {"detail", "string"}, {"fix", "string null"}});
  }
}

TEST_P(Show, StatsHaveTheirKeys) {
  for (const auto& object : lab.host.json({"stats"})) {
    const bool is_uplink = object.at("kind") == "uplink";
    const std::string in = is_uplink ? "from_uplink" : "from_vm";
    const std::string out = is_uplink ? "to_uplink" : "to_vm";
    expect_schema(object,
                  {{"name", "string"}, {"kind", "string"}, {in, "object"}, {out, "object"}});
    for (const auto& way : {in, out}) {
      expect_schema(object.at(way),
                    {{"packets", "number"}, {"bytes", "number"}, {"drops", "object"}});
    }
  }
}

TEST_P(Show, ReportsTheState) {
  EXPECT_EQ(lab.host.json({"show", "ports"}).size(), 2u);
  EXPECT_EQ(lab.host.port("tap0").at("state"), "up");
  EXPECT_FALSE(lab.host.port("tap0").at("why").get<std::string>().empty());
  EXPECT_EQ(lab.host.port("tap1").at("mac"), kMacB);
  EXPECT_EQ(lab.host.network("lab").at("ports"), Json::array({"tap1"}));
  EXPECT_EQ(lab.host.network("lab").at("implicit"), false);
  EXPECT_EQ(lab.host.network("vlan10").at("vlan"), 10);
  EXPECT_EQ(lab.host.network("vlan10").at("uplink"), "eth0");
  EXPECT_EQ(lab.host.uplink("eth0").at("vlans"), "all");
  EXPECT_EQ(lab.host.uplink("eth0").at("networks"), Json::array({"vlan10"}));
  EXPECT_EQ(lab.host.uplink("eth0").at("mode"), mode());
  std::map<std::string, Json> entries;
  for (const auto& entry : lab.host.json({"show", "fdb"})) entries[entry.at("mac")] = entry;
  EXPECT_EQ(entries.at(kMacA).at("kind"), "learned");
  EXPECT_EQ(entries.at(kMacA).at("dev"), "tap0");
  EXPECT_EQ(entries.at(kMacB).at("kind"), "static");
}

TEST_P(Show, APortSetDownIsShownAsDown) {
  set_down(lab.ns(), "tap0");
  EXPECT_EQ(lab.host.port("tap0").at("state"), "down");
  set_up(lab.ns(), "tap0");
  EXPECT_EQ(lab.host.port("tap0").at("state"), "up");
}

TEST_P(Show, TextNamesEverything) {
  const std::string all = lab.host.must({"show"}).out;
  for (const char* word : {"tap0", "tap1", "eth0", "vlan10", "lab"}) {
    EXPECT_NE(all.find(word), std::string::npos) << word << " in\n" << all;
  }
  const std::string brief = lab.host.must({"--brief", "show", "ports"}).out;
  EXPECT_NE(brief.find("tap0"), std::string::npos) << brief;
  EXPECT_NE(lab.host.must({"stats"}).out.find("tap0"), std::string::npos);
  EXPECT_NE(lab.host.must({"--version"}).out.find('.'), std::string::npos);
}

TEST_P(Show, AnEmptyInstanceIsAnEmptyArray) {
  const Host empty;
  for (const char* what : {"ports", "networks", "uplinks", "fdb"}) {
    EXPECT_EQ(empty.json({"show", what}), Json::array()) << what;
  }
  EXPECT_EQ(empty.json({"stats"}), Json::array());
}

TEST_P(Show, DryRunChangesNothing) {
  const std::string before = lab.host.state();
  for (const Words& words : std::vector<Words>{{"attach", "tap9", "--vlan", "30"},
                                               {"detach", "tap0"},
                                               {"uplink", "del", "eth0"},
                                               {"network", "add", "office", "--vlan", "40"},
                                               {"down"}}) {
    Words command = {"--dry-run"};
    command.insert(command.end(), words.begin(), words.end());
    const CommandResult result = lab.host.xvnet(command);
    EXPECT_EQ(result.exit_code, 0) << result.describe();
    EXPECT_FALSE(result.out.empty()) << result.describe();
    EXPECT_EQ(lab.host.state(), before) << result.describe();
  }
}

}  // namespace
}  // namespace xvnet::test
