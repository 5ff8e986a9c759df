// SPDX-License-Identifier: BSD-2-Clause
#include "loader/model/network_request.h"

#include <fmt/format.h>

#include <algorithm>

#include "loader/base/text.h"
#include "loader/model/host_address.h"
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
  set_text(record.uplink, request.uplink);
  record.flags = request.untagged ? abi::RECORD_UNTAGGED : 0;
  record.vid = request.vid.value_or(0);
  record.ageing_s = request.ageing_s.value_or(kDefaultAgeing);
  return record;
}

void set_host_addresses(abi::network_record& record, const NetworkRequest& request) {
  std::memset(record.addresses, 0, sizeof record.addresses);
  record.address_count = static_cast<std::uint16_t>(request.host_addresses.size());
  for (std::size_t i = 0; i < request.host_addresses.size(); ++i)
    set_text(record.addresses[i], request.host_addresses[i]);
}

}  // namespace xvnet
