// SPDX-License-Identifier: BSD-2-Clause
#include "loader/model/lease.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "loader/base/text.h"
#include "loader/model/rules.h"

namespace xvnet {
namespace {

// Option codes of RFC 2132 and RFC 3442.
enum DhcpOption : std::uint8_t {
  kSubnetMask = 1,
  kRouter = 3,
  kDomainNameServer = 6,
  kHostName = 12,
  kDomainName = 15,
  kInterfaceMtu = 26,
  kTftpServerName = 66,
  kBootFileName = 67,
  kClasslessRoute = 121,
  kOptionsEnd = 255,
};

class Options {
 public:
  explicit Options(abi::lease& lease) : lease_(&lease) {}

  void add(DhcpOption option, std::string_view bytes) {
    if (bytes.empty()) return;
    put(option);
    put(static_cast<std::uint8_t>(bytes.size()));
    for (const char byte : bytes) put(static_cast<std::uint8_t>(byte));
  }
  void end() { put(kOptionsEnd); }

 private:
  // The limits in maps/records.h ensure that all options fit.
  void put(std::uint8_t byte) {
    if (at_ < std::size(lease_->options)) lease_->options[at_++] = byte;
  }

  abi::lease* lease_;
  std::size_t at_ = 0;
};

// `number` is in network byte order.
template <typename Number>
std::string bytes_of(Number number) {
  return {reinterpret_cast<const char*>(&number), sizeof number};
}

std::string bytes_of(const abi::address& address) {
  const auto ipv4 = ipv4_of(address);
  return ipv4 ? bytes_of(htonl(ipv4->number)) : std::string();
}

std::string name_servers(const abi::network_record& network) {
  std::string bytes;
  for (std::size_t at = 0; at < network.dns_count; ++at) bytes += bytes_of(network.dns[at]);
  return bytes;
}

// A route to 0.0.0.0/0 through the gateway. A client that supports option 121 ignores option 3 (RFC
// 3442).
std::string default_route(const abi::network_record& network) {
  return std::string(1, '\0') + bytes_of(network.gateway);
}

void write_options(abi::lease& lease, const abi::network_record& network,
                   const abi::port_record& port, std::uint32_t mtu) {
  const std::uint32_t mask = ~(~std::uint32_t{0} >> subnet_of(network)->prefix);
  Options options(lease);
  options.add(kSubnetMask, bytes_of(htonl(mask)));
  options.add(kRouter, bytes_of(network.gateway));
  options.add(kDomainNameServer, name_servers(network));
  options.add(kHostName, text_of(port.host_name));
  options.add(kDomainName, text_of(network.domain));
  options.add(kInterfaceMtu, bytes_of(htons(static_cast<std::uint16_t>(mtu))));
  options.add(kClasslessRoute, default_route(network));
  if (const auto server = ipv4_of(network.boot_server))
    options.add(kTftpServerName, format_ipv4(*server));
  options.add(kBootFileName, text_of(network.boot_file));
  options.end();
}

Result<void> set_boot(abi::network_record& record, const NetworkRequest& request) {
  if (request.boot_server == Ipv4{}) {
    record.boot_server = {};
  } else if (request.boot_server) {
    XVNET_TRY(check_servers(record, "boot_server", {*request.boot_server}));
    record.boot_server = to_abi(*request.boot_server);
  }
  if (!request.boot_file) return {};
  const bool is_plain = std::ranges::all_of(
      *request.boot_file, [](unsigned char byte) { return byte > ' ' && byte < 0x7f; });
  if (request.boot_file->size() >= sizeof record.boot_file || !is_plain)
    return network_misuse(
        record,
        fmt::format("‹boot_file› {:?} is not 1 to {} printable ASCII characters without spaces",
                    *request.boot_file, sizeof record.boot_file - 1));
  set_text(record.boot_file, *request.boot_file);
  return {};
}

Result<void> set_dns(abi::network_record& record, const NetworkRequest& request) {
  if (request.dns.empty() && !request.has_no_dns) return {};
  if (request.dns.size() > MAX_DNS)
    return network_misuse(record, fmt::format("more than {} name servers in ‹dns›", MAX_DNS));
  XVNET_TRY(check_servers(record, "dns", request.dns));
  std::memset(record.dns, 0, sizeof record.dns);
  std::ranges::transform(request.dns, record.dns, to_abi);
  record.dns_count = static_cast<std::uint16_t>(request.dns.size());
  return {};
}

}  // namespace

Result<void> set_dhcp(abi::network_record& record, const NetworkRequest& request) {
  if (request.dhcp)
    record.flags =
        (record.flags & ~std::uint32_t{abi::RECORD_DHCP}) | (*request.dhcp ? abi::RECORD_DHCP : 0);
  if ((record.flags & abi::RECORD_DHCP) && !ipv4_of(record.gateway))
    return network_misuse(record, requires_gateway("dhcp"));
  XVNET_TRY(set_dns(record, request));
  if (request.domain) set_text(record.domain, *request.domain);
  return set_boot(record, request);
}

abi::lease make_lease(const abi::network_record& network, const abi::port_record& port,
                      std::uint32_t mtu) {
  abi::lease lease{};
  lease.address = port.ips[0];
  lease.server = network.gateway;
  lease.boot_server = network.boot_server;
  lease.seconds = kLeaseSeconds;
  // Some boot firmware reads the file name from this field instead of the options.
  const std::string file = text_of(network.boot_file);
  std::ranges::copy(file, lease.names + DHCP_BOOT_FILE);
  write_options(lease, network, port, mtu);
  return lease;
}

Result<void> provide_lease(Change& change, std::uint32_t ifindex, const abi::port_record& port,
                           std::uint32_t mtu) {
  auto& tables = change.tables();
  XVNET_ASSIGN(network, tables.network_records.find(port.network));
  if (!network || !(network->flags & abi::RECORD_DHCP) || !port.ip_count)
    return change.erase(tables.leases, ifindex);
  abi::lease lease = make_lease(*network, port, mtu);
  XVNET_ASSIGN(previous, tables.leases.find(ifindex));
  if (previous && std::memcmp(&previous->address, &lease.address, sizeof lease.address) == 0) {
    lease.state = previous->state;
    lease.acked_ns = previous->acked_ns;
    std::ranges::copy(previous->client, lease.client);
  }
  return change.put(tables.leases, ifindex, lease);
}

Result<void> withdraw_lease(Change& change, std::uint32_t ifindex) {
  return change.erase(change.tables().leases, ifindex);
}

Result<void> rewrite_leases(Change& change, const Network& network) {
  XVNET_ASSIGN(ports, change.tables().port_records.entries());
  for (const auto& [ifindex, port] : ports) {
    if (port.network != network.id) continue;
    XVNET_ASSIGN(link, change.host().find_link(ifindex));
    if (link) XVNET_TRY(provide_lease(change, ifindex, port, link->mtu));
  }
  return {};
}

}  // namespace xvnet
