// SPDX-License-Identifier: BSD-2-Clause
#include "loader/model/network_request.h"

#include <fmt/format.h>

#include "loader/base/text.h"
#include "loader/model/host_address.h"
#include "loader/model/rules.h"

namespace xvnet {
namespace {

constexpr std::uint32_t kMaxAgeing = 1'000'000;  // seconds, IEEE 802.1Q, table 8-6

std::string address_part(const std::string& cidr) { return cidr.substr(0, cidr.find('/')); }

}  // namespace

Result<void> check_network_name(std::string_view name) {
  if (!is_plain_name(name))
    return fail(ErrorKind::kUsage,
                fmt::format("add network {:?}: a name is 1 to {} letters, digits, '-', '_' or '.'",
                            name, NAME_SIZE - 1));
  return {};
}

Result<void> check_kind(std::string_view doing, const NetworkRequest& request) {
  if (request.vid && request.untagged)
    return fail(
        ErrorKind::kUsage,
        fmt::format("{} network {:?}: it is either of a VLAN or untagged", doing, request.name));
  if (request.is_host_only && (request.vid || request.untagged))
    return fail(ErrorKind::kUsage, fmt::format("{} network {:?}: it is either host-only or on an "
                                               "uplink",
                                               doing, request.name));
  if (!request.vid) return {};
  return check_vid(fmt::format("{} network {:?}", doing, request.name), *request.vid);
}

Result<void> check_ageing(const NetworkRequest& request) {
  if (request.ageing_s && (*request.ageing_s == 0 || *request.ageing_s > kMaxAgeing))
    return fail(ErrorKind::kUsage, fmt::format("network {:?}: ageing of {} s is not 1 to {}",
                                               request.name, *request.ageing_s, kMaxAgeing));
  return {};
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

Result<void> set_host_addresses(abi::network_record& record, const NetworkRequest& request) {
  if (request.host_addresses.size() > MAX_HOST_ADDRESSES)
    return fail(ErrorKind::kUsage, fmt::format("network {:?}: more than {} host addresses",
                                               request.name, MAX_HOST_ADDRESSES));
  std::memset(record.addresses, 0, sizeof record.addresses);
  record.address_count = static_cast<std::uint16_t>(request.host_addresses.size());
  for (std::size_t i = 0; i < request.host_addresses.size(); ++i) {
    const std::string& cidr = request.host_addresses[i];
    XVNET_TRY(check_cidr(request.name, cidr));
    for (std::size_t other = 0; other < i; ++other)
      if (address_part(request.host_addresses[other]) == address_part(cidr))
        return network_misuse(record,
                              fmt::format("host address {} is given twice", address_part(cidr)));
    set_text(record.addresses[i], cidr);
  }
  return {};
}

}  // namespace xvnet
