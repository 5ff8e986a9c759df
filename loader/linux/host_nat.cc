// SPDX-License-Identifier: BSD-2-Clause
#include "loader/linux/host_nat.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <linux/netfilter/nfnetlink.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
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

bool is_random_expression(const nlattr* expression) {
  const nlattr* name = find(expression, NFTA_EXPR_NAME);
  const nlattr* data = find(expression, NFTA_EXPR_DATA);
  if (!name || !data) return false;
  const std::string_view kind = nla_get_string(name);
  if (kind == "masq")
    return !find(data, NFTA_MASQ_REG_PROTO_MIN) && is_random(number_of(data, NFTA_MASQ_FLAGS));
  if (kind == "nat")
    return number_of(data, NFTA_NAT_TYPE) == NFT_NAT_SNAT && !find(data, NFTA_NAT_REG_PROTO_MIN) &&
           is_random(number_of(data, NFTA_NAT_FLAGS));
  return kind == "target" && is_random_target(data);
}

bool is_random_rule(nlmsghdr* rule) {
  nlattr* expressions = nlmsg_find_attr(rule, sizeof(nfgenmsg), NFTA_RULE_EXPRESSIONS);
  if (!expressions) return false;
  nlattr* each;
  int left;
  nla_for_each_nested(each, expressions, left) {
    if (is_random_expression(each)) return true;
  }
  return false;
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

}  // namespace

Result<std::vector<std::string>> find_random_translations() {
  NetlinkMessage message((NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_GETRULE, NLM_F_REQUEST | NLM_F_DUMP);
  message.header(nfgenmsg{.nfgen_family = NFPROTO_UNSPEC, .version = NFNETLINK_V0, .res_id = 0});
  auto socket = NetlinkSocket::open(NETLINK_NETFILTER);
  if (!socket) return std::vector<std::string>{};
  std::vector<std::string> places;
  const auto done = socket->execute(message, [&](const nlmsghdr* answer) {
    auto* rule = const_cast<nlmsghdr*>(answer);
    if (!is_random_rule(rule)) return;
    const std::string place = place_of(rule);
    if (!place.empty() && std::ranges::find(places, place) == places.end()) places.push_back(place);
  });
  const bool is_unsupported =
      !done && (done.error().number == EOPNOTSUPP || done.error().number == EINVAL ||
                done.error().number == EPROTONOSUPPORT);
  if (!done && !is_unsupported) return fail_netlink(done.error(), "list the rules of nf_tables");
  return places;
}

}  // namespace xvnet
