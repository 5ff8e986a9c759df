// SPDX-License-Identifier: BSD-2-Clause
//
// DHCP with a real client: busybox udhcpc in a namespace behind a port.
#include <filesystem>
#include <fstream>

#include "lab.h"

namespace xvnet::test {
namespace {

// The script that udhcpc runs on each event. It writes the options that udhcpc received to a file.
class Script {
 public:
  Script() : path_("/tmp/xvt-" + unique_suffix() + ".sh") {
    std::ofstream(path_)
        << "#!/bin/sh\nenv > " << path_ << ".$1\n"
        << "[ \"$1\" = deconfig ] && ip link set \"$interface\" up\n"
        << "[ \"$1\" = bound ] && ip address add \"$ip/$mask\" dev \"$interface\"\n"
        << "exit 0\n";
    std::filesystem::permissions(path_, std::filesystem::perms::owner_all);
  }
  Script(const Script&) = delete;
  Script& operator=(const Script&) = delete;
  ~Script() {
    for (const char* event : {"", ".deconfig", ".bound", ".renew", ".nak", ".leasefail"})
      std::filesystem::remove(path_ + event);
  }

  const std::string& path() const { return path_; }
  // Each line of the file is NAME=VALUE.
  std::string received_option(const std::string& event, const std::string& name) const {
    std::ifstream file(path_ + "." + event);
    for (std::string line; std::getline(file, line);)
      if (line.starts_with(name + "=")) return line.substr(name.size() + 1);
    return "";
  }

 private:
  std::string path_;
};

class Dhcp : public InMode {
 protected:
  void add_network(const std::string& name, const Words& more = {}) {
    Words words = {"network",     "add",       name,       "--subnet",
                   "10.0.0.0/24", "--gateway", "10.0.0.1", "--dhcp"};
    words.insert(words.end(), more.begin(), more.end());
    lab.host.must(words);
  }
  // Adds a namespace behind the port `dev`.
  std::unique_ptr<NetNs> guest(const std::string& dev, const Words& args) {
    auto ns = std::make_unique<NetNs>();
    lab.ns().must(
        {"ip", "link", "add", dev, "type", "veth", "peer", "name", "eth0", "netns", ns->name()});
    lab.host.attach(dev, with_mode(args));
    return ns;
  }
  CommandResult udhcpc(const NetNs& ns, const Words& more = {}) {
    Words words = {"busybox", "udhcpc", "-i", "eth0",         "-f", "-q",  "-n", "-t",          "5",
                   "-T",      "2",      "-s", script_.path(), "-O", "mtu", "-O", "staticroutes"};
    words.insert(words.end(), more.begin(), more.end());
    return ns.run(words);
  }
  nlohmann::json lease_of(const std::string& dev) {
    for (const auto& lease : lab.host.json({"show", "leases"}))
      if (lease.at("dev") == dev) return lease;
    return nullptr;
  }

  Script script_;
};
XVNET_IN_BOTH_MODES(Dhcp);

TEST_P(Dhcp, ClientGetsAllOptions) {
  add_network("blue", {"--dns", "192.0.2.53", "--dns", "192.0.2.54", "--domain", "example.org",
                       "--boot-server", "192.0.2.9", "--boot-file", "boot.ipxe"});
  const auto ns = guest("veth0", {"--network", "blue", "--hostname", "vm1", "--ip", "10.0.0.7"});
  EXPECT_EQ(lease_of("veth0").at("state"), "unused");
  const auto result = udhcpc(*ns);
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const std::map<std::string, std::string> expected = {
      {"ip", "10.0.0.7"},        {"mask", "24"},
      {"router", "10.0.0.1"},    {"dns", "192.0.2.53 192.0.2.54"},
      {"domain", "example.org"}, {"hostname", "vm1"},
      {"mtu", "1500"},           {"lease", "3600"},
      {"serverid", "10.0.0.1"},  {"staticroutes", "0.0.0.0/0 10.0.0.1"},
      {"siaddr", "192.0.2.9"},   {"boot_file", "boot.ipxe"},
      {"tftp", "192.0.2.9"}};
  for (const auto& [name, value] : expected)
    EXPECT_EQ(script_.received_option("bound", name), value) << name;
  EXPECT_EQ(lease_of("veth0").at("state"), "bound");
  EXPECT_EQ(lease_of("veth0").at("ip"), "10.0.0.7");
  EXPECT_EQ(lease_of("veth0").at("network"), "blue");
  ns->must({"busybox", "ping", "-c", "1", "-W", "5", "10.0.0.1"});
}

TEST_P(Dhcp, TenantsWithEqualSubnetsGetTheirOwnLeases) {
  add_network("blue", {"--vlan", "10"});
  add_network("red", {"--vlan", "20"});
  PacketSocket& wire = uplink("eth0");
  (void)wire;
  const auto in_blue = guest("veth0", {"--network", "blue"});
  const auto in_red = guest("veth1", {"--network", "red", "--ip", "10.0.0.9"});
  ASSERT_EQ(udhcpc(*in_blue).exit_code, 0);
  EXPECT_EQ(script_.received_option("bound", "ip"), "10.0.0.2");
  ASSERT_EQ(udhcpc(*in_red).exit_code, 0);
  EXPECT_EQ(script_.received_option("bound", "ip"), "10.0.0.9");
  EXPECT_EQ(lab.host.packets("eth0", "to_uplink"), 0u);
}

TEST_P(Dhcp, ClientRequestingAnotherAddressGetsItsOwn) {
  add_network("blue");
  const auto ns = guest("veth0", {"--network", "blue"});
  ASSERT_EQ(udhcpc(*ns, {"-r", "10.0.0.99"}).exit_code, 0);
  EXPECT_EQ(script_.received_option("bound", "ip"), "10.0.0.2");
}

TEST_P(Dhcp, ClientAcceptsABroadcastReply) {
  add_network("blue");
  const auto ns = guest("veth0", {"--network", "blue"});
  EXPECT_EQ(udhcpc(*ns, {"-B"}).exit_code, 0);
}

TEST_P(Dhcp, ChangedOptionsAreInTheNextLease) {
  add_network("blue");
  const auto ns = guest("veth0", {"--network", "blue"});
  ASSERT_EQ(udhcpc(*ns).exit_code, 0);
  EXPECT_EQ(script_.received_option("bound", "dns"), "");
  lab.host.must({"network", "set", "blue", "--dns", "192.0.2.53"});
  EXPECT_EQ(lease_of("veth0").at("state"), "bound");
  ASSERT_EQ(udhcpc(*ns).exit_code, 0);
  EXPECT_EQ(script_.received_option("bound", "dns"), "192.0.2.53");
  lab.host.must({"network", "set", "blue", "--no-dhcp"});
  EXPECT_EQ(lease_of("veth0"), nullptr);
  EXPECT_NE(udhcpc(*ns, {"-t", "1", "-T", "1"}).exit_code, 0);
}

TEST_P(Dhcp, IsSavedAndRestored) {
  add_network("blue", {"--dns", "192.0.2.53", "--domain", "example.org", "--boot-server",
                       "192.0.2.9", "--boot-file", "boot.ipxe"});
  lab.host.attach("tap0", {"--network", "blue", "--hostname", "vm1"});
  const std::string path = "/tmp/xvt-" + unique_suffix() + ".json";
  lab.host.must({"save", path});
  const std::string saved = lab.host.must({"save", "-"}).out;
  lab.host.down();
  lab.host.must({"restore", path});
  std::filesystem::remove(path);
  EXPECT_EQ(lab.host.must({"save", "-"}).out, saved);
  EXPECT_EQ(lease_of("tap0").at("ip"), "10.0.0.2");
}

TEST_P(Dhcp, InvalidOptionsChangeNothing) {
  add_network("blue");
  const std::string before = lab.host.state();
  const auto refused = [&](const Words& args, int code, const Words& words) {
    const auto result = lab.host.xvnet(args);
    EXPECT_EQ(result.exit_code, code) << result.err;
    EXPECT_EQ(error_problems(result, words), "");
    EXPECT_EQ(lab.host.state(), before);
  };
  refused({"network", "add", "red", "--dhcp"}, 2, {"--gateway"});
  refused({"network", "set", "blue", "--dns", "10.0"}, 2, {"10.0"});
  refused({"network", "set", "blue", "--domain", "a b"}, 2, {"a b"});
  refused({"network", "set", "blue", "--dhcp", "--no-dhcp"}, 2, {"exclude"});
  refused({"network", "set", "blue", "--boot-file", std::string(64, 'x')}, 2, {"--boot-file"});
  refused({"attach", "tap0", "--network", "blue", "--hostname", "a_b"}, 2, {"a_b"});
}

}  // namespace
}  // namespace xvnet::test
