// SPDX-License-Identifier: BSD-2-Clause
#include "loader/linux/host_nat.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <linux/ip.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/xt_tcpudp.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <functional>
#include <optional>
#include <string_view>

#include "loader/linux/netlink_socket.h"

namespace xvnet {
namespace {

constexpr std::uint32_t kRandom = NF_NAT_RANGE_PROTO_RANDOM | NF_NAT_RANGE_PROTO_RANDOM_FULLY;

const nlattr* find(const nlattr* nest, int type) {
  return nla_find(static_cast<const nlattr*>(nla_data(nest)), nla_len(nest), type);
}

std::uint32_t number_of(const nlattr* nest, int type) {
  const nlattr* found = find(nest, type);
  return found ? ntohl(nla_get_u32(found)) : 0;
}

bool is_random(std::uint32_t flags) {
  return flags & kRandom && !(flags & NF_NAT_RANGE_PROTO_SPECIFIED);
}

// iptables-nft passes the options of its target in the layout of xt_MASQUERADE and xt_NAT.
bool is_random_target(const nlattr* data) {
  const nlattr* name = find(data, NFTA_TARGET_NAME);
  const nlattr* info = find(data, NFTA_TARGET_INFO);
  if (!name || !info) return false;
  const std::string_view target = nla_get_string(name);
  std::size_t at = 0;
  if (target == "MASQUERADE")
    at = offsetof(nf_nat_ipv4_multi_range_compat, range);
  else if (target == "SNAT")
    at = offsetof(nf_nat_range2, flags);
  else
    return false;
  std::uint32_t flags = 0;
  if (static_cast<std::size_t>(nla_len(info)) < at + sizeof flags) return false;
  std::memcpy(&flags, static_cast<const char*>(nla_data(info)) + at, sizeof flags);
  return is_random(flags);
}

bool is_random_expression(std::string_view kind, const nlattr* data) {
  if (kind == "masq")
    return !find(data, NFTA_MASQ_REG_PROTO_MIN) && is_random(number_of(data, NFTA_MASQ_FLAGS));
  if (kind == "nat")
    return number_of(data, NFTA_NAT_TYPE) == NFT_NAT_SNAT && !find(data, NFTA_NAT_REG_PROTO_MIN) &&
           is_random(number_of(data, NFTA_NAT_FLAGS));
  return kind == "target" && is_random_target(data);
}

// Calls `handle` with the name and the attributes of each expression of the rule, in their order.
template <typename Handle>
void for_each_expression(nlmsghdr* rule, Handle handle) {
  nlattr* expressions = nlmsg_find_attr(rule, sizeof(nfgenmsg), NFTA_RULE_EXPRESSIONS);
  if (!expressions) return;
  nlattr* each;
  int left;
  nla_for_each_nested(each, expressions, left) {
    const nlattr* name = find(each, NFTA_EXPR_NAME);
    const nlattr* data = find(each, NFTA_EXPR_DATA);
    if (name && data) handle(std::string_view(nla_get_string(name)), data);
  }
}

std::string_view family_name(std::uint8_t family) {
  switch (family) {
    case NFPROTO_INET:
      return "inet";
    case NFPROTO_IPV4:
      return "ip";
    default:
      return "";
  }
}

std::string place_of(nlmsghdr* rule) {
  const auto* header = static_cast<const nfgenmsg*>(nlmsg_data(rule));
  const nlattr* table = nlmsg_find_attr(rule, sizeof *header, NFTA_RULE_TABLE);
  const nlattr* chain = nlmsg_find_attr(rule, sizeof *header, NFTA_RULE_CHAIN);
  const std::string_view family = family_name(header->nfgen_family);
  if (!table || !chain || family.empty()) return "";
  return fmt::format("chain {} of table {} {}", nla_get_string(chain), family,
                     nla_get_string(table));
}

// The destination address and ports that a rule asks for.
class Destination {
 public:
  void add(std::string_view kind, const nlattr* data) {
    if (kind == "cmp" && loaded_ == Field::kPort)
      compare(data);
    else if (kind == "cmp" && loaded_ == Field::kAddress &&
             number_of(data, NFTA_CMP_OP) == NFT_CMP_EQ)
      address_ = value_of<std::uint32_t>(data, NFTA_CMP_DATA);
    else if (kind == "range" && loaded_ == Field::kPort)
      limit(value_of<std::uint16_t>(data, NFTA_RANGE_FROM_DATA),
            value_of<std::uint16_t>(data, NFTA_RANGE_TO_DATA));
    else if (kind == "match")
      match(data);
    if (kind != "cmp") loaded_ = kind == "payload" ? field_of(data) : Field::kOther;
  }

  // Adds the ports if the rule names some, and no other address.
  void add_to(PortSet& ports, Ipv4 address) const {
    if ((first_ == 0 && last_ == kLastPort) || (address_ && *address_ != htonl(address.number)))
      return;
    for (std::size_t port = first_; port <= last_; ++port) ports.set(port);
  }

 private:
  enum class Field { kOther, kAddress, kPort };

  static constexpr std::uint16_t kLastPort = 65535;
  static constexpr std::uint32_t kPortOffset = 2;  // RFC 9293, section 3.1; RFC 768

  static Field field_of(const nlattr* data) {
    const auto is_at = [&](std::uint32_t base, std::size_t offset, std::size_t size) {
      return number_of(data, NFTA_PAYLOAD_BASE) == base &&
             number_of(data, NFTA_PAYLOAD_OFFSET) == offset &&
             number_of(data, NFTA_PAYLOAD_LEN) == size;
    };
    if (is_at(NFT_PAYLOAD_TRANSPORT_HEADER, kPortOffset, sizeof(std::uint16_t)))
      return Field::kPort;
    if (is_at(NFT_PAYLOAD_NETWORK_HEADER, offsetof(iphdr, daddr), sizeof(std::uint32_t)))
      return Field::kAddress;
    return Field::kOther;
  }

  // In network byte order.
  template <typename T>
  static std::optional<T> value_of(const nlattr* data, int type) {
    const nlattr* nest = find(data, type);
    const nlattr* value = nest ? find(nest, NFTA_DATA_VALUE) : nullptr;
    T number{};
    if (!value || nla_len(value) != static_cast<int>(sizeof number)) return std::nullopt;
    std::memcpy(&number, nla_data(value), sizeof number);
    return number;
  }

  void limit(std::optional<std::uint16_t> first, std::optional<std::uint16_t> last) {
    if (first) first_ = std::max(first_, ntohs(*first));
    if (last) last_ = std::min(last_, ntohs(*last));
  }

  void compare(const nlattr* data) {
    const auto value = value_of<std::uint16_t>(data, NFTA_CMP_DATA);
    const std::uint32_t comparison = number_of(data, NFTA_CMP_OP);
    if (comparison == NFT_CMP_EQ || comparison == NFT_CMP_GTE) limit(value, std::nullopt);
    if (comparison == NFT_CMP_EQ || comparison == NFT_CMP_LTE) limit(std::nullopt, value);
  }

  // iptables-nft passes the options of its matches "tcp" and "udp" in the layout of xt_tcp, whose
  // beginning is that of xt_udp. These ports are in the byte order of the machine.
  void match(const nlattr* data) {
    const nlattr* name = find(data, NFTA_MATCH_NAME);
    const nlattr* info = find(data, NFTA_MATCH_INFO);
    if (!name || !info) return;
    const std::string_view match = nla_get_string(name);
    if (match != "tcp" && match != "udp") return;
    std::array<std::uint16_t, 2> ports{};
    if (nla_len(info) < static_cast<int>(offsetof(xt_tcp, dpts) + sizeof ports)) return;
    std::memcpy(ports.data(), static_cast<const char*>(nla_data(info)) + offsetof(xt_tcp, dpts),
                sizeof ports);
    limit(htons(ports[0]), htons(ports[1]));
  }

  Field loaded_ = Field::kOther;
  std::optional<std::uint32_t> address_;  // in network byte order
  std::uint16_t first_ = 0;
  std::uint16_t last_ = kLastPort;
};

bool leads_elsewhere(std::string_view kind, const nlattr* data) {
  if (kind == "redir") return true;
  if (kind == "nat") return number_of(data, NFTA_NAT_TYPE) == NFT_NAT_DNAT;
  if (kind != "target") return false;
  const nlattr* name = find(data, NFTA_TARGET_NAME);
  const std::string_view target = name ? nla_get_string(name) : "";
  return target == "DNAT" || target == "REDIRECT";
}

// Without nf_tables there are no rules.
Result<void> for_each_rule(const std::function<void(nlmsghdr*)>& handle) {
  NetlinkMessage message((NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_GETRULE, NLM_F_REQUEST | NLM_F_DUMP);
  message.header(nfgenmsg{.nfgen_family = NFPROTO_UNSPEC, .version = NFNETLINK_V0, .res_id = 0});
  auto socket = NetlinkSocket::open(NETLINK_NETFILTER);
  if (!socket) return {};
  const auto done = socket->execute(
      message, [&](const nlmsghdr* answer) { handle(const_cast<nlmsghdr*>(answer)); });
  const bool is_unsupported =
      !done && (done.error().number == EOPNOTSUPP || done.error().number == EINVAL ||
                done.error().number == EPROTONOSUPPORT);
  if (!done && !is_unsupported) return fail_netlink(done.error(), "list the rules of nf_tables");
  return {};
}

}  // namespace

Result<std::vector<std::string>> find_random_translations() {
  std::vector<std::string> places;
  XVNET_TRY(for_each_rule([&](nlmsghdr* rule) {
    bool is_found = false;
    for_each_expression(rule, [&](std::string_view kind, const nlattr* data) {
      is_found = is_found || is_random_expression(kind, data);
    });
    const std::string place = is_found ? place_of(rule) : "";
    if (!place.empty() && std::ranges::find(places, place) == places.end()) places.push_back(place);
  }));
  return places;
}

Result<PortSet> find_published_ports(Ipv4 address) {
  PortSet ports;
  XVNET_TRY(for_each_rule([&](nlmsghdr* rule) {
    Destination destination;
    for_each_expression(rule, [&](std::string_view kind, const nlattr* data) {
      destination.add(kind, data);
      if (leads_elsewhere(kind, data)) destination.add_to(ports, address);
    });
  }));
  return ports;
}

}  // namespace xvnet
