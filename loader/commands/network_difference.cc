// SPDX-License-Identifier: BSD-2-Clause
#include "loader/commands/network_difference.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <utility>
#include <vector>

#include "loader/model/desired_state.h"
#include "loader/nat/snat.h"

namespace xvnet {
namespace {

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

std::string snat_of(const NetworkRequest& request, const abi::network_record& record) {
  if (!request.snat) return "none";
  return fmt::format("{}, {} ports of each, filter {}", snat_text(record),
                     request.snat_ports.value_or(0),
                     request.snat_filter == SnatFilter::kEndpoint ? "endpoint" : "address");
}

std::vector<NamedValue> settings_of(const abi::network_record& record) {
  const NetworkRequest request = network_request(record);
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
          {"‹snat›", snat_of(request, record)},
          {"‹snat_exceptions›",
           list(request.snat_exceptions.value_or(std::vector<Subnet>{}), format_subnet)}};
}

}  // namespace

std::string difference(const abi::network_record& record, const abi::network_record& wanted) {
  const auto present = settings_of(record);
  const auto asked = settings_of(wanted);
  std::vector<std::string> texts;
  for (std::size_t at = 0; at < present.size(); ++at)
    if (present[at].second != asked[at].second)
      texts.push_back(
          fmt::format("{} is {}, not {}", present[at].first, present[at].second, asked[at].second));
  return fmt::format("{}", fmt::join(texts, "; "));
}

}  // namespace xvnet
