// SPDX-License-Identifier: BSD-2-Clause
//
// Networks with a subnet: the addresses of their ports, as an operator sees them.
#include <cstdio>

#include "lab.h"

namespace xvnet::test {
namespace {

using Json = nlohmann::json;

class Addresses : public ::testing::Test {
 protected:
  void add_blue() {
    lab.host.must({"network", "add", "blue", "--vlan", "10", "--subnet", "10.0.0.0/24", "--gateway",
                   "10.0.0.1"});
  }
  Json ips_of(const std::string& dev) { return lab.host.port(dev).at("ip"); }

  Lab lab;
};

TEST_F(Addresses, AreAssignedKeptAndShown) {
  add_blue();
  EXPECT_EQ(lab.host.network("blue").at("subnet"), "10.0.0.0/24");
  EXPECT_EQ(lab.host.network("blue").at("gateway"), "10.0.0.1");
  lab.host.attach("tap0", {"--network", "blue"});
  lab.host.attach("tap1", {"--vlan", "10"});
  lab.host.attach("tap2", {"--network", "blue", "--ip", "10.0.0.77", "--ip", "10.0.0.9"});
  lab.host.attach("tap3", {"--vlan", "20"});
  EXPECT_EQ(ips_of("tap0"), Json({"10.0.0.2"}));
  EXPECT_EQ(ips_of("tap1"), Json({"10.0.0.3"}));
  EXPECT_EQ(ips_of("tap2"), Json({"10.0.0.77", "10.0.0.9"}));
  EXPECT_EQ(ips_of("tap3"), Json::array());
  lab.host.must({"detach", "tap0"});
  lab.host.must({"detach", "tap1"});
  lab.host.attach("tap1", {"--network", "blue"});
  EXPECT_EQ(ips_of("tap1"), Json({"10.0.0.3"}));
  const auto text = lab.host.must({"show", "ports"}).out;
  EXPECT_NE(text.find("10.0.0.77,10.0.0.9"), std::string::npos) << text;
}

TEST_F(Addresses, RefusedRequestChangesNothing) {
  add_blue();
  lab.host.attach("tap0", {"--network", "blue"});
  const Tap vm(lab.ns(), "tap0");  // without a carrier, tap0 would give up its address
  const std::string before = lab.host.state();
  const auto refused = [&](const Words& args, int code, const Words& words) {
    const auto result = lab.host.xvnet(args);
    EXPECT_EQ(result.exit_code, code) << result.err;
    EXPECT_EQ(error_problems(result, words), "");
    EXPECT_EQ(lab.host.state(), before);
  };
  refused({"attach", "tap1", "--network", "blue", "--ip", "10.0.0.2"}, 1, {"tap0", "10.0.0.2"});
  refused({"attach", "tap1", "--network", "blue", "--ip", "10.0.0.1"}, 1, {"10.0.0.1"});
  refused({"attach", "tap1", "--network", "blue", "--ip", "10.9.0.1"}, 1, {"10.9.0.1"});
  refused({"attach", "tap1", "--network", "blue", "--ip", "10.0.0"}, 2, {"10.0.0"});
  refused({"attach", "tap1", "--vlan", "20", "--ip", "10.0.0.2"}, 1, {"no subnet"});
  refused({"attach", "tap0", "--network", "blue", "--ip", "10.0.0.5"}, 1, {"10.0.0.2"});
  refused({"network", "set", "blue", "--gateway", "10.0.0.2"}, 1, {"tap0"});
  refused({"network", "set", "blue", "--subnet", "10.2.0.0/16", "--gateway", "10.2.0.1"}, 1,
          {"tap0"});
  refused({"network", "add", "red", "--subnet", "10.0.0.5/24"}, 2, {"10.0.0.5/24"});
  refused({"network", "add", "red", "--subnet", "10.0.0.0/24", "--gateway", "10.1.0.1"}, 2,
          {"10.1.0.1"});
  refused({"network", "add", "red", "--gateway", "10.1.0.1"}, 2, {"--subnet"});
}

TEST_F(Addresses, OfTwoTenantsMayBeEqual) {
  add_blue();
  lab.host.must({"network", "add", "red", "--vlan", "20", "--subnet", "10.0.0.0/24", "--gateway",
                 "10.0.0.1"});
  lab.host.attach("tap0", {"--network", "blue"});
  lab.host.attach("tap1", {"--network", "red"});
  EXPECT_EQ(ips_of("tap0"), ips_of("tap1"));
}

TEST_F(Addresses, AreSavedAndRestored) {
  add_blue();
  lab.host.attach("tap1", {"--network", "blue"});
  lab.host.attach("tap0", {"--network", "blue", "--ip", "10.0.0.8", "--ip", "10.0.0.4"});
  const std::string path = "/tmp/xvt-" + unique_suffix() + ".json";
  lab.host.must({"save", path});
  lab.host.down();
  lab.host.must({"restore", path});
  std::remove(path.c_str());
  EXPECT_EQ(ips_of("tap1"), Json({"10.0.0.2"}));
  EXPECT_EQ(ips_of("tap0"), Json({"10.0.0.8", "10.0.0.4"}));
  EXPECT_EQ(lab.host.network("blue").at("gateway"), "10.0.0.1");
}

}  // namespace
}  // namespace xvnet::test
