// SPDX-License-Identifier: BSD-2-Clause
//
// Every setting can be unset, and an error names the setting that differs.
#include "fixture.h"

namespace xvnet::test {
namespace {

NetworkRequest everything() {
  auto request = with_dhcp(tenant("green", 10));
  request.dns = {*parse_ipv4("192.0.2.53")};
  request.domain = "lab.example";
  request.boot_server = *parse_ipv4("192.0.2.69");
  request.boot_file = "boot.ipxe";
  request.router = "r1";
  request.host_addresses = {"10.5.0.1/24"};
  return request;
}

class Unset : public OnFakeHost {
 protected:
  // The unset network must equal one that never had the setting.
  void expect_same_as(const NetworkRequest& other) {
    const Outcome outcome = must(add_network(other));
    EXPECT_FALSE(outcome.changed) << journal_text(host_);
  }
};

TEST_F(Unset, EachSettingOfANetwork) {
  must(add_network(everything()));
  auto wanted = everything();
  const auto unset = [&](auto edit, auto expect) {
    NetworkRequest request = network("green");
    edit(request);
    EXPECT_TRUE(must(set_network(request)).changed);
    expect(wanted);
    expect_same_as(wanted);
  };
  unset([](auto& r) { r.has_no_dns = true; }, [](auto& w) { w.dns.clear(); });
  unset([](auto& r) { r.domain = ""; }, [](auto& w) { w.domain.reset(); });
  unset([](auto& r) { r.boot_server = Ipv4{}; }, [](auto& w) { w.boot_server.reset(); });
  unset([](auto& r) { r.boot_file = ""; }, [](auto& w) { w.boot_file.reset(); });
  unset([](auto& r) { r.router = ""; }, [](auto& w) { w.router.reset(); });
  unset([](auto& r) { r.has_no_host_addresses = true; }, [](auto& w) { w.host_addresses.clear(); });
  EXPECT_FALSE(host_.has("xv-green"));
  EXPECT_FALSE(host_.has("xp-green"));
  unset([](auto& r) { r.dhcp = false; }, [](auto& w) { w.dhcp.reset(); });
  unset([](auto& r) { r.gateway = Ipv4{}; }, [](auto& w) { w.gateway.reset(); });
  EXPECT_TRUE(host_.fake_table(TableId::kGateways).raw().empty());
  unset([](auto& r) { r.subnet = Subnet{}; }, [](auto& w) { w.subnet.reset(); });
  unset([](auto& r) { r.is_host_only = true; }, [](auto& w) { w.vid.reset(); });
}

TEST_F(Unset, GatewayInUseCannotBeUnset) {
  must(add_network(everything()));
  NetworkRequest request = network("green");
  request.gateway = Ipv4{};
  refused(set_network(request), ErrorKind::kUsage, "gateway");
}

TEST_F(Unset, SubnetWithPortAddressesCannotBeUnset) {
  must(add_network(with_subnet(network("lab"), "10.0.0.0/24")));
  must(attach(in_network("tap0", "lab")));
  NetworkRequest request = network("lab");
  request.subnet = Subnet{};
  refused(set_network(request), ErrorKind::kFailed, "tap0");
}

TEST_F(Unset, TheUplinkOfAnUntaggedNetwork) {
  host_.add_nic("eth0");
  must(add_uplink(uplink("eth0")));
  NetworkRequest request = network("lan");
  request.untagged = true;
  request.uplink = "eth0";
  must(add_network(request));
  NetworkRequest any = network("lan");
  any.has_any_uplink = true;
  must(set_network(any));
  request.uplink.clear();
  expect_same_as(request);
}

TEST_F(Unset, TheMtuOfAPort) {
  host_.add_tap("tap0").link.mtu = 1300;
  auto request = on_vlan("tap0", 10);
  request.mtu = 1400;
  must(attach(request));
  request.mtu = 0;
  refused(attach(request), ErrorKind::kFailed, "MTU");
  request.replace = true;
  must(attach(request));
  EXPECT_EQ(host_.device("tap0").link.mtu, 1300u);
  must_do_nothing(attach(on_vlan("tap0", 10)));
  must_do_nothing(attach(request));
}

struct Differing {
  std::string name;
  void (*edit)(NetworkRequest& request);
  std::string text;
};

class SettingDifference : public OnFakeHost, public testing::WithParamInterface<Differing> {};

TEST_P(SettingDifference, NamesTheSettingAndBothValues) {
  must(add_network(everything()));
  auto request = everything();
  GetParam().edit(request);
  refused(add_network(request), ErrorKind::kFailed, "it exists and differs: " + GetParam().text);
}

INSTANTIATE_TEST_SUITE_P(
    Each, SettingDifference,
    testing::Values(
        Differing{"Vlan", [](auto& r) { r.vid = 20; }, "its kind is VLAN 10, not VLAN 20"},
        Differing{"Ageing", [](auto& r) { r.ageing_s = 60; }, "‹ageing› is 300 s, not 60 s"},
        Differing{"HostAddress", [](auto& r) { r.host_addresses.clear(); },
                  "‹host_addresses› is 10.5.0.1/24, not none"},
        Differing{"Gateway", [](auto& r) { r.gateway = *parse_ipv4("10.0.0.9"); },
                  "‹gateway› is 10.0.0.1, not 10.0.0.9"},
        Differing{"Router", [](auto& r) { r.router.reset(); }, "‹router› is r1, not none"},
        Differing{"Dns", [](auto& r) { r.dns = {*parse_ipv4("192.0.2.54")}; },
                  "‹dns› is 192.0.2.53, not 192.0.2.54"},
        Differing{"Domain", [](auto& r) { r.domain.reset(); }, "‹domain› is lab.example, not none"},
        Differing{"BootServer", [](auto& r) { r.boot_server.reset(); },
                  "‹boot_server› is 192.0.2.69, not none"},
        Differing{"BootFile", [](auto& r) { r.boot_file = "x"; },
                  "‹boot_file› is boot.ipxe, not x"}),
    [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace xvnet::test
