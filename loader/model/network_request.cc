// SPDX-License-Identifier: BSD-2-Clause
#include "loader/model/network_request.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "loader/base/text.h"
#include "loader/model/host_address.h"
#include "loader/model/records.h"
#include "loader/model/rules.h"
#include "loader/model/subnet.h"

namespace xvnet {
namespace {

// Seconds: IEEE 802.1Q, table 8-6, but its minimum is 10.
constexpr std::uint32_t kMinAgeing = 1;
constexpr std::uint32_t kMaxAgeing = 1'000'000;

std::string address_part(const std::string& cidr) { return cidr.substr(0, cidr.find('/')); }

std::unexpected<Error> misuse(const NetworkRequest& request, std::string_view cause) {
  return fail(ErrorKind::kUsage, fmt::format("network {:?}: {}", request.name, cause));
}

bool has_uplink_field(const NetworkRequest& request) {
  return !request.uplink.empty() || request.has_any_uplink;
}

std::unexpected<Error> uplink_misuse(const NetworkRequest& request) {
  return misuse(request, "‹uplink› requires ‹untagged›");
}

// Checks that the network is of one kind only: VLAN, untagged or host-only.
Result<void> check_kind(const NetworkRequest& request) {
  if (request.untagged && (request.vid || request.is_host_only))
    return misuse(request, "‹vlan› and ‹untagged› exclude each other");
  if (request.vid && request.is_host_only)
    return misuse(request, "it is either host-only or on an uplink");
  return {};
}

Result<void> check_host_addresses(const NetworkRequest& request) {
  const auto& addresses = request.host_addresses;
  if (addresses.size() > MAX_HOST_ADDRESSES)
    return misuse(request,
                  fmt::format("more than {} addresses in ‹host_addresses›", MAX_HOST_ADDRESSES));
  for (auto at = addresses.begin(); at != addresses.end(); ++at) {
    XVNET_TRY(check_cidr(request.name, *at));
    if (std::find_if(addresses.begin(), at, [&](const auto& other) {
          return address_part(other) == address_part(*at);
        }) != at)
      return misuse(request, fmt::format("‹host_addresses› {} is given twice", address_part(*at)));
  }
  return {};
}

Result<void> check_subnet(const NetworkRequest& request) {
  const Subnet subnet = request.subnet.value_or(Subnet{});
  if (subnet == Subnet{}) return {};
  const std::string what = fmt::format("‹subnet› {}", format_subnet(subnet));
  if (const std::string why = why_no_hosts(subnet); !why.empty())
    return misuse(request, fmt::format("{} has no addresses for hosts: {}", what, why));
  if (!is_network_subnet(subnet))
    return misuse(request, fmt::format("{} is not a unicast prefix of {} to {} bits", what,
                                       kMinSubnetPrefix, kMaxSubnetPrefix));
  return {};
}

Result<void> check_snat_ports(const NetworkRequest& request) {
  if (!request.snat_ports) return {};
  const std::uint32_t ports = *request.snat_ports;
  if (ports >= kMinSnatPorts && ports <= kMaxSnatPorts && ports % 2 == 0) return {};
  return misuse(request, fmt::format("‹snat_ports› {} is not an even number of {} to {}", ports,
                                     kMinSnatPorts, kMaxSnatPorts));
}

void set_host_addresses(abi::network_record& record, const NetworkRequest& request) {
  std::memset(record.addresses, 0, sizeof record.addresses);
  record.address_count = static_cast<std::uint16_t>(request.host_addresses.size());
  for (std::size_t i = 0; i < request.host_addresses.size(); ++i)
    set_text(record.addresses[i], request.host_addresses[i]);
}

using NamedValue = std::pair<std::string, std::string>;  // setting, and its value as text

std::string or_none(std::string text) { return text.empty() ? "none" : text; }

std::string or_none(const std::optional<Ipv4>& address) {
  return address ? format_ipv4(*address) : "none";
}

std::string list(const auto& values, auto format) {
  std::vector<std::string> texts;
  texts.reserve(values.size());
  for (const auto& value : values) texts.push_back(format(value));
  return or_none(fmt::format("{}", fmt::join(texts, ", ")));
}

std::string kind_of(const NetworkRequest& request) {
  if (request.vid) return fmt::format("VLAN {}", *request.vid);
  return request.untagged ? "untagged" : "host-only";
}

std::string snat_of(const NetworkRequest& request) {
  if (!request.snat) return "none";
  std::vector<std::string> addresses;
  for (const Ipv4 address : request.snat->addresses) addresses.push_back(format_ipv4(address));
  return fmt::format("{}, {} ports of each, filter {}",
                     request.snat->source == SnatSource::kAuto
                         ? "auto"
                         : fmt::format("{}", fmt::join(addresses, ",")),
                     request.snat_ports.value_or(0),
                     request.snat_filter == SnatFilter::kEndpoint ? "endpoint" : "address");
}

// In the order in which difference() names them.
std::vector<NamedValue> settings_of(const NetworkRequest& request) {
  const auto same = [](const std::string& text) { return text; };
  return {{"its kind", kind_of(request)},
          {"‹uplink›", or_none(request.uplink)},
          {"‹host_addresses›", list(request.host_addresses, same)},
          {"‹ageing›", fmt::format("{} s", request.ageing_s.value_or(0))},
          {"‹subnet›", request.subnet ? format_subnet(*request.subnet) : "none"},
          {"‹gateway›", or_none(request.gateway)},
          {"‹router›", or_none(request.router.value_or(""))},
          {"‹dhcp›", request.dhcp.value_or(false) ? "on" : "off"},
          {"‹dns›", list(request.dns, format_ipv4)},
          {"‹domain›", or_none(request.domain.value_or(""))},
          {"‹boot_server›", or_none(request.boot_server)},
          {"‹boot_file›", or_none(request.boot_file.value_or(""))},
          {"‹snat›", snat_of(request)},
          {"‹snat_exceptions›",
           list(request.snat_exceptions.value_or(std::vector<Subnet>{}), format_subnet)}};
}

}  // namespace

std::string requires_gateway(std::string_view field) {
  return fmt::format("‹{}› requires ‹subnet› and ‹gateway›", field);
}

Result<void> check_request(const NetworkRequest& request) {
  const std::string doing = fmt::format("network {:?}", request.name);
  XVNET_TRY(check_kind(request));
  if (request.vid) XVNET_TRY(check_range(doing, "vlan", *request.vid, {kMinVid, kMaxVid}));
  if (request.ageing_s)
    XVNET_TRY(check_range(doing, "ageing", *request.ageing_s, {kMinAgeing, kMaxAgeing}));
  XVNET_TRY(check_host_addresses(request));
  XVNET_TRY(check_subnet(request));
  if (!request.router.value_or("").empty())
    XVNET_TRY(check_plain_name(doing, "router", *request.router));
  if (!request.domain.value_or("").empty())
    XVNET_TRY(check_dns_name(doing, "domain", *request.domain));
  return check_snat_ports(request);
}

Result<void> check_new(const NetworkRequest& request) {
  XVNET_TRY(check_plain_name(fmt::format("add network {:?}", request.name), "name", request.name));
  if (request.snat && request.snat->source == SnatSource::kNone)
    return misuse(request, "‹snat› none is for existing networks");
  return check_request(request);
}

Result<void> check_add(const NetworkRequest& request) {
  if (has_uplink_field(request) && !request.untagged) return uplink_misuse(request);
  return check_new(request);
}

Result<void> check_set(const NetworkRequest& request) {
  NetworkRequest empty;
  empty.name = request.name;
  empty.force = request.force;
  if (request == empty) return misuse(request, "nothing to set");
  // An existing network may be untagged already.
  if (has_uplink_field(request) && (request.vid || request.is_host_only))
    return uplink_misuse(request);
  return check_request(request);
}

abi::network_record record_of(const NetworkRequest& request) {
  abi::network_record record{};
  set_text(record.name, request.name);
  record.ageing_s = kDefaultAgeing;
  set_basics(record, request);
  return record;
}

bool changes_host_addresses(const NetworkRequest& request) {
  return !request.host_addresses.empty() || request.has_no_host_addresses;
}

void set_basics(abi::network_record& record, const NetworkRequest& request) {
  if (request.ageing_s) record.ageing_s = *request.ageing_s;
  if (request.vid || request.untagged || request.is_host_only) {
    record.vid = request.vid.value_or(0);
    record.flags = (record.flags & ~std::uint32_t{abi::RECORD_UNTAGGED}) |
                   (request.untagged ? abi::RECORD_UNTAGGED : 0);
  }
  if (!request.uplink.empty() || request.has_any_uplink || request.is_host_only)
    set_text(record.uplink, request.uplink);
  if (changes_host_addresses(request)) set_host_addresses(record, request);
}

NetworkRequest network_request(const abi::network_record& record) {
  NetworkRequest request;
  request.name = text_of(record.name);
  if (record.vid) request.vid = record.vid;
  request.untagged = record.flags & abi::RECORD_UNTAGGED;
  request.uplink = text_of(record.uplink);
  for (std::size_t at = 0; at < record.address_count; at++)
    request.host_addresses.push_back(text_of(record.addresses[at]));
  request.ageing_s = record.ageing_s;
  request.subnet = subnet_of(record);
  request.gateway = ipv4_of(record.gateway);
  if (record.router[0]) request.router = text_of(record.router);
  if (record.flags & abi::RECORD_DHCP) request.dhcp = true;
  for (std::size_t at = 0; at < record.dns_count; at++)
    if (const auto server = ipv4_of(record.dns[at])) request.dns.push_back(*server);
  if (record.domain[0]) request.domain = text_of(record.domain);
  request.boot_server = ipv4_of(record.boot_server);
  if (record.boot_file[0]) request.boot_file = text_of(record.boot_file);
  if (!has_snat(record)) return request;
  const bool is_auto = record.flags & abi::RECORD_SNAT_AUTO;
  request.snat = {is_auto ? SnatSource::kAuto : SnatSource::kAddresses, snat_addresses(record)};
  request.snat_ports = record.snat_ports;
  request.snat_filter = snat_filter(record);
  if (record.snat_exception_count) request.snat_exceptions = snat_exceptions(record);
  return request;
}

std::string difference(const abi::network_record& record, const abi::network_record& wanted) {
  const auto present = settings_of(network_request(record));
  const auto asked = settings_of(network_request(wanted));
  std::vector<std::string> texts;
  for (std::size_t at = 0; at < present.size(); ++at)
    if (present[at].second != asked[at].second)
      texts.push_back(
          fmt::format("{} is {}, not {}", present[at].first, present[at].second, asked[at].second));
  return fmt::format("{}", fmt::join(texts, "; "));
}

}  // namespace xvnet
