// SPDX-License-Identifier: BSD-2-Clause
//
// DHCP with the clients of common distributions, each in a container behind a port. The tests check
// the options that the client received, the resulting configuration, and the messages on the wire.
// dhclient and dhcpcd run with their packages' configuration. dhcp_test.cc and tests/guest test
// busybox udhcpc, and tests/guest tests iPXE.
#include <tins/dhcp.h>
#include <tins/ethernetII.h>
#include <tins/ip.h>
#include <tins/rawpdu.h>
#include <tins/udp.h>

#include <algorithm>
#include <tuple>

#include "container.h"
#include "lab.h"

namespace xvnet::test {
namespace {

constexpr const char* kFirstLease = "10.0.0.7";
constexpr const char* kLaterLease = "10.0.0.9";
constexpr const char* kRouter = "10.0.0.1";
constexpr int kLeaseSeconds = 3600;
constexpr int kLeaseMtu = 1400;
// dhcpcd probes for several seconds whether another station uses the address.
constexpr auto kClientLimit = std::chrono::seconds(40);

// Every member is shell text that runs in the container, unless stated otherwise.
struct ClientProgram {
  std::string name;
  Words etc;  // names of files in /etc that belong to the package
  std::string prepare;
  std::string start;
  std::string renew;
  std::string leave;    // ends the client, which keeps its lease
  std::string release;  // releases the lease and ends the client
  std::string report;
  Words reported;  // texts that the report must contain
};

void PrintTo(const ClientProgram& client, std::ostream* out) { *out << client.name; }

const ClientProgram kDhclient = {
    .name = "dhclient",
    .etc = {"dhcp"},
    .prepare = "mkdir /var/lib/dhcp",
    .start = "dhclient -1 -q eth0",
    // dhclient has no command to renew, but its configuration can override the renewal time.
    .renew =
        "cp /etc/dhcp/dhclient.conf /etc/dhcp/soon.conf && "
        "echo 'supersede dhcp-renewal-time 2;' >>/etc/dhcp/soon.conf && "
        "dhclient -x -q eth0 && dhclient -1 -q -cf /etc/dhcp/soon.conf eth0",
    .leave = "dhclient -x -q eth0",
    .release = "dhclient -r -q eth0",
    .report = "cat /var/lib/dhcp/dhclient.leases /etc/resolv.conf; echo host name: $(hostname)",
    .reported = {"fixed-address 10.0.0.7;", "option subnet-mask 255.255.255.0;",
                 "option routers 10.0.0.1;", "option rfc3442-classless-static-routes 0,10,0,0,1;",
                 "option domain-name-servers 192.0.2.53,192.0.2.54;",
                 "option domain-name \"example.org\";", "option host-name \"vm1\";",
                 "option interface-mtu 1400;", "option dhcp-lease-time 3600;",
                 "option dhcp-renewal-time 1800;", "option dhcp-rebinding-time 3150;",
                 "option dhcp-server-identifier 10.0.0.1;", "nameserver 192.0.2.53\n",
                 "nameserver 192.0.2.54\n", "search example.org\n", "host name: vm1\n"}};

const ClientProgram kDhcpcd = {
    .name = "dhcpcd",
    .etc = {"dhcpcd.conf"},
    // dhcpcd loses a signal that arrives while its hook script runs. So each command waits until
    // the script has ended and the daemon answers again.
    .prepare = "mkdir /var/lib/dhcpcd && echo 'echo $reason >>/run/reasons' >/etc/dhcpcd.exit-hook",
    .start =
        "rm -f /run/reasons && dhcpcd -q -w eth0 && "
        "until grep -qs BOUND /run/reasons; do sleep 0.1; done",
    .renew =
        "dhcpcd -q -N eth0 && until grep -qs RENEW /run/reasons; do sleep 0.1; done && "
        "dhcpcd -U eth0 >/dev/null",
    .leave = "dhcpcd -q -x eth0",
    .release = "dhcpcd -q -k eth0",
    .report = "dhcpcd -U eth0; cat /etc/resolv.conf; echo host name: $(hostname)",
    .reported = {"ip_address=10.0.0.7\n", "subnet_cidr=24\n", "routers=10.0.0.1\n",
                 "classless_static_routes=0.0.0.0/0 10.0.0.1\n",
                 "domain_name_servers=192.0.2.53 192.0.2.54\n", "domain_name=example.org\n",
                 "host_name=vm1\n", "interface_mtu=1400\n", "dhcp_lease_time=3600\n",
                 "dhcp_renewal_time=1800\n", "dhcp_rebinding_time=3150\n",
                 "dhcp_server_identifier=10.0.0.1\n", "nameserver 192.0.2.53\n",
                 "nameserver 192.0.2.54\n", "domain example.org\n",
                 "host name: vm1.example.org\n"}};

// systemd-networkd takes commands over D-Bus only, so the container runs its own bus.
const ClientProgram kNetworkd = {
    .name = "networkd",
    .etc = {},
    .prepare = R"(mkdir -p /run/systemd/network /run/dbus
cat >/run/systemd/network/eth0.network <<'NETWORK'
[Match]
Name=eth0
[Network]
DHCP=ipv4
[DHCPv4]
UseMTU=yes
UseDomains=yes
NETWORK
cat >/run/dbus/bus.conf <<'BUS'
<busconfig>
  <listen>unix:path=/run/dbus/system_bus_socket</listen>
  <policy context="default">
    <allow user="*"/>
    <allow own="*"/>
    <allow send_destination="*"/>
    <allow receive_sender="*"/>
  </policy>
</busconfig>
BUS
dbus-daemon --config-file=/run/dbus/bus.conf --fork >/run/dbus/log 2>&1
)",
    .start =
        "/lib/systemd/systemd-networkd >/dev/null 2>&1 & "
        "echo $! >/run/networkd.pid",
    .renew = "networkctl renew eth0",
    // systemd-networkd asks for the configured address again only if KeepConfiguration is set.
    .leave =
        "mkdir /run/systemd/network/eth0.network.d && "
        "printf '[Network]\\nKeepConfiguration=dhcp\\n' "
        ">/run/systemd/network/eth0.network.d/keep.conf && "
        "read -r pid </run/networkd.pid && kill -USR2 $pid && "
        "while kill -0 $pid 2>/dev/null; do sleep 0.1; done",
    .release = "kill -TERM $(cat /run/networkd.pid)",
    .report = "cat /run/systemd/netif/leases/* /run/systemd/netif/state",
    .reported = {"\nADDRESS=10.0.0.7\n", "NETMASK=255.255.255.0\n", "ROUTER=10.0.0.1\n",
                 "CLASSLESS_ROUTES=0.0.0.0/0,10.0.0.1\n", "DNS=192.0.2.53 192.0.2.54\n",
                 "DOMAINNAME=example.org\n", "HOSTNAME=vm1\n", "MTU=1400\n", "LIFETIME=3600\n",
                 "T1=1800\n", "T2=3150\n", "SERVER_ADDRESS=10.0.0.1\n", "DOMAINS=example.org\n"}};

// A DHCP message on the wire.
struct DhcpMessage {
  std::string type;
  std::string client;  // ciaddr
  std::string destination;
};

std::string type_of(const Tins::DHCP& dhcp) {
  constexpr const char* kNames[] = {"none", "DISCOVER", "OFFER",   "REQUEST", "DECLINE",
                                    "ACK",  "NAK",      "RELEASE", "INFORM"};
  const auto type = static_cast<std::size_t>(dhcp.type());
  return type < std::size(kNames) ? kNames[type] : "unknown";
}

// The DHCP messages that pass a container's eth0 in both directions.
class Conversation {
 public:
  explicit Conversation(const Container& container)
      : ear_(container.ns(), "eth0", {.outgoing = true}) {}

  const std::vector<DhcpMessage>& messages() {
    while (const auto received = ear_.receive()) note(received->bytes);
    return messages_;
  }
  // The message types, in order.
  std::string text() {
    std::string text;
    for (const auto& message : messages()) text += (text.empty() ? "" : " ") + message.type;
    return text;
  }
  void forget() {
    messages();
    messages_.clear();
  }

 private:
  void note(const Bytes& bytes) {
    const Tins::EthernetII frame(bytes.data(), static_cast<std::uint32_t>(bytes.size()));
    const auto* udp = frame.find_pdu<Tins::UDP>();
    if (udp == nullptr || (udp->dport() != 67 && udp->dport() != 68)) return;
    const auto dhcp = udp->rfind_pdu<Tins::RawPDU>().to<Tins::DHCP>();
    messages_.push_back({type_of(dhcp), dhcp.ciaddr().to_string(),
                         frame.rfind_pdu<Tins::IP>().dst_addr().to_string()});
  }

  PacketSocket ear_;
  std::vector<DhcpMessage> messages_;
};

using ClientParam = std::tuple<std::string, ClientProgram>;

class DhcpClient : public ::testing::TestWithParam<ClientParam> {
 protected:
  // The MAC is configured, so the programs answer ARP for the address. They must not answer the
  // client's own ARP probe, or the client would detect a duplicate address.
  DhcpClient() : container_(client().etc) {
    lab_.host.must({"network", "add", "blue", "--subnet", "10.0.0.0/24", "--gateway", kRouter,
                    "--dhcp", "--dns", "192.0.2.53", "--dns", "192.0.2.54", "--domain",
                    "example.org"});
    add_veth(lab_.ns(), "veth0", container_.ns(), "eth0");
    set_mtu(lab_.ns(), "veth0", kLeaseMtu);
    set_mac(container_.ns(), "eth0", kMacA);
    attach(kFirstLease);
    set_up(container_.ns(), "eth0");
    await_ready(container_.ns(), "eth0");
    conversation_.emplace(container_);
    container_.must(client().prepare);
  }

  static const ClientProgram& client() { return std::get<ClientProgram>(GetParam()); }
  void attach(const std::string& ip) {
    lab_.host.attach("veth0", {"--network", "blue", "--mac", kMacA, "--ip", ip, "--hostname", "vm1",
                               "--mode", std::get<std::string>(GetParam())});
  }
  nlohmann::json lease() { return lab_.host.json({"show", "leases"}).at(0); }
  // The IPv4 addresses of the container's eth0, as `ip` prints them.
  nlohmann::json addresses() {
    const std::string shown = container_.must("ip -4 -json address show dev eth0");
    const auto links = nlohmann::json::parse(shown);  // an empty list if eth0 has no address
    return links.empty() ? nlohmann::json::array() : links.at(0).at("addr_info");
  }
  bool has_address(const std::string& ip) {
    const auto all = addresses();
    return std::ranges::any_of(all, [&](const auto& each) { return each.at("local") == ip; });
  }
  void start() {
    container_.must(client().start);
    ASSERT_TRUE(eventually([&] { return container_.run(client().report).ok(); }, kClientLimit));
  }
  bool was_said(const DhcpMessage& wanted) {
    return std::ranges::any_of(conversation_->messages(), [&](const DhcpMessage& message) {
      return message.type == wanted.type && message.client == wanted.client &&
             message.destination == wanted.destination;
    });
  }
  bool can_ping(const std::string& options) {
    return container_.run("ping -n -c 1 -W 10 " + options + " " + kRouter).ok();
  }

  Lab lab_;
  Container container_;
  std::optional<Conversation> conversation_;
};

// Checks the client's own report first, then the resulting configuration.
TEST_P(DhcpClient, GetsAllOptionsAndReachesTheGateway) {
  start();
  ASSERT_TRUE(eventually([&] { return has_address(kFirstLease); }, kClientLimit));
  std::string report;
  std::string missing;
  EXPECT_TRUE(eventually(
      [&] {
        report = container_.must(client().report);
        missing.clear();
        for (const auto& words : client().reported)
          if (!report.contains(words)) missing += words + "\n";
        return missing.empty();
      },
      kClientLimit))
      << "missing: " << missing << "in:\n"
      << report;
  EXPECT_EQ(conversation_->text(), "DISCOVER OFFER REQUEST ACK");
  EXPECT_EQ(lease().at("state"), "bound");
  EXPECT_EQ(lease().at("ip"), kFirstLease);
  EXPECT_EQ(lease().at("mac"), kMacA);

  const auto address = addresses().at(0);
  EXPECT_EQ(address.at("prefixlen"), 24);
  EXPECT_GT(address.at("valid_life_time"), 0);
  EXPECT_LE(address.at("valid_life_time"), kLeaseSeconds);
  EXPECT_TRUE(eventually([&] {
    return container_.must("ip route show default").starts_with("default via 10.0.0.1 dev eth0");
  }));
  EXPECT_TRUE(can_ping(""));
  constexpr int kHeaders = 28;  // of IPv4 and ICMP
  const std::string with_size = "-M do -s ";
  EXPECT_TRUE(
      eventually([&] { return !can_ping(with_size + std::to_string(kLeaseMtu - kHeaders + 1)); }));
  EXPECT_TRUE(can_ping(with_size + std::to_string(kLeaseMtu - kHeaders)));
}

TEST_P(DhcpClient, RenewsAndReleases) {
  start();
  ASSERT_TRUE(eventually([&] { return has_address(kFirstLease); }, kClientLimit));
  conversation_->forget();
  container_.must(client().renew);
  EXPECT_TRUE(eventually(
      [&] {
        return was_said({"REQUEST", kFirstLease, kRouter}) &&
               was_said({"ACK", kFirstLease, kFirstLease});
      },
      kClientLimit))
      << conversation_->text();
  EXPECT_TRUE(has_address(kFirstLease));
  EXPECT_EQ(lease().at("state"), "bound");
  EXPECT_FALSE(was_said({"DISCOVER", "0.0.0.0", "255.255.255.255"}));
  container_.must(client().release);
  EXPECT_TRUE(eventually([&] { return lease().at("state") == "released"; }, kClientLimit));
  EXPECT_TRUE(was_said({"RELEASE", kFirstLease, kRouter}));
}

// The client asks for its previous address. Meanwhile the operator gave the port another address.
TEST_P(DhcpClient, GetsANakForItsPreviousAddress) {
  start();
  ASSERT_TRUE(eventually([&] { return has_address(kFirstLease); }, kClientLimit));
  container_.must(client().leave);
  lab_.host.must({"detach", "veth0"});
  attach(kLaterLease);
  conversation_->forget();
  start();
  EXPECT_TRUE(eventually([&] { return has_address(kLaterLease); }, kClientLimit));
  EXPECT_EQ(conversation_->text(), "REQUEST NAK DISCOVER OFFER REQUEST ACK");
  EXPECT_EQ(lease().at("ip"), kLaterLease);
  EXPECT_EQ(lease().at("state"), "bound");
  EXPECT_TRUE(can_ping(""));
}

INSTANTIATE_TEST_SUITE_P(Mode, DhcpClient,
                         ::testing::Combine(::testing::Values("tc", "xdp"),
                                            ::testing::Values(kDhclient, kDhcpcd, kNetworkd)),
                         [](const auto& info) {
                           return std::get<std::string>(info.param) + "_" +
                                  std::get<ClientProgram>(info.param).name;
                         });

}  // namespace
}  // namespace xvnet::test
