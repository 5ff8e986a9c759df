// SPDX-License-Identifier: BSD-2-Clause
#include "loader/model/port_request.h"

#include <fmt/format.h>
#include <pwd.h>

#include <algorithm>
#include <charconv>

#include "loader/base/text.h"
#include "loader/model/device.h"
#include "loader/model/records.h"
#include "loader/model/rules.h"

namespace xvnet {
namespace {

constexpr std::uint8_t kGroupBit = 0x01;   // IEEE 802-2014, 8.2.2: in a MAC's first byte
constexpr std::uint32_t kMaxQueues = 256;  // MAX_TAP_QUEUES of the kernel's tun driver
constexpr std::uint32_t kMinMtu = 68;      // RFC 791; the kernel's minimum for an Ethernet device
constexpr std::uint32_t kMaxMtu = 65521;   // 65535 minus the Ethernet header

std::unexpected<Error> misuse(const PortRequest& request, std::string cause) {
  return fail(ErrorKind::kUsage, fmt::format("attach {:?}: {}", request.device, cause));
}

Result<void> check_mac(const PortRequest& request) {
  if (!request.mac) return {};
  const std::string what = fmt::format("‹mac› {}", format_mac(*request.mac));
  if ((*request.mac)[0] & kGroupBit) return misuse(request, what + " is a multicast address");
  if (*request.mac == Mac{}) return misuse(request, what + " is zero");
  return {};
}

Result<void> check_ips(const PortRequest& request) {
  if (std::max(request.ips.size(), request.allowed.size()) > MAX_PORT_ADDRESSES)
    return misuse(request,
                  fmt::format("more than {} addresses in ‹ip› or ‹allow›", MAX_PORT_ADDRESSES));
  std::vector<Ipv4> all = request.ips;
  all.insert(all.end(), request.allowed.begin(), request.allowed.end());
  for (auto at = all.begin(); at != all.end(); ++at)
    if (std::find(all.begin(), at, *at) != at)
      return misuse(request, fmt::format("address {} is given twice", format_ipv4(*at)));
  return {};
}

// Checks that the request names one network.
Result<void> check_place(const PortRequest& request) {
  const int given = request.vid.has_value() + request.untagged + !request.network.empty();
  if (given == 0) return misuse(request, "no network given: use ‹vlan›, ‹untagged› or ‹network›");
  if (given > 1) return misuse(request, "‹vlan›, ‹untagged› and ‹network› exclude each other");
  if (!request.uplink.empty() && !request.untagged)
    return misuse(request, "‹uplink› requires ‹untagged›");
  return {};
}

std::string ips_text(const std::vector<Ipv4>& ips) {
  std::string text;
  for (const Ipv4 address : ips) text += (text.empty() ? "" : ",") + format_ipv4(address);
  return text;
}

Result<bool> is_on_uplink(Tables& tables, std::uint32_t id, const std::string& name) {
  XVNET_ASSIGN(network, tables.networks.find(id));
  if (!network) return false;
  XVNET_ASSIGN(uplink, tables.uplink_records.find(network->uplink));
  return uplink && text_of(uplink->device.name) == name;
}

Result<bool> is_same_network(Tables& tables, std::uint32_t id, const abi::network_record& record,
                             const PortRequest& request) {
  if (request.vid) return record.vid == *request.vid;
  if (!request.network.empty()) return text_of(record.name) == request.network;
  if (!(record.flags & abi::RECORD_UNTAGGED)) return false;
  return request.uplink.empty() ? true : is_on_uplink(tables, id, request.uplink);
}

}  // namespace

Result<void> check_request(const PortRequest& request) {
  const std::string doing = fmt::format("attach {:?}", request.device);
  XVNET_TRY(check_device_name("attach", request.device));
  XVNET_TRY(check_place(request));
  if (request.vid) XVNET_TRY(check_range(doing, "vlan", *request.vid, {kMinVid, kMaxVid}));
  XVNET_TRY(check_mac(request));
  XVNET_TRY(check_ips(request));
  if (!request.host_name.empty()) XVNET_TRY(check_dns_name(doing, "hostname", request.host_name));
  if (request.max_macs)
    XVNET_TRY(check_range(doing, "max_macs", *request.max_macs, {0, MAX_LEARNER_SLOTS}));
  if (request.queues) XVNET_TRY(check_range(doing, "queues", *request.queues, {1, kMaxQueues}));
  if (request.mtu.value_or(0))
    XVNET_TRY(check_range(doing, "mtu", *request.mtu, {kMinMtu, kMaxMtu}));
  return {};
}

Result<void> check_existing_device(const Link& link, const PortRequest& request) {
  XVNET_TRY(check_device("attach", link));
  XVNET_ASSIGN(asked, owner_uid(request));
  if (asked && asked != link.owner)
    return fail(
        fmt::format(
            "attach {:?}: the device exists; ‹owner› applies only to TAPs that xvnet creates",
            link.name),
        "leave ‹owner› out, or delete the device first");
  if (!request.queues || (*request.queues > 1) == link.is_multi_queue) return {};
  return fail(fmt::format("attach {:?}: it exists {} several queues", link.name,
                          link.is_multi_queue ? "with" : "without"),
              "leave ‹queues› out, or delete the device first");
}

Result<std::optional<std::uint32_t>> owner_uid(const PortRequest& request) {
  if (request.owner.empty()) return std::nullopt;
  std::uint32_t uid = 0;
  const char* end = request.owner.data() + request.owner.size();
  const auto [at, error] = std::from_chars(request.owner.data(), end, uid);
  if (error == std::errc() && at == end) return uid;
  if (const passwd* user = getpwnam(request.owner.c_str())) return user->pw_uid;
  return misuse(request, fmt::format("‹owner› {:?} is not a user", request.owner));
}

abi::port_record make_port_record(const Link& link, const ModeChoice& choice, std::uint32_t network,
                                  const PortRequest& request) {
  abi::port_record record{};
  record.device = make_device_record(link, choice, request.mode);
  if (!request.guest_offloads) record.device.flags |= abi::RECORD_OFFLOADS_OFF;
  record.device.queues = request.queues.value_or(0);
  record.device.mtu = request.mtu.value_or(0);
  if (const auto owner = owner_uid(request); owner && *owner) record.device.owner = **owner;
  record.network = network;
  record.max_macs = request.max_macs.value_or(kDefaultMaxMacs);
  set_text(record.host_name, request.host_name);
  if (request.mac) std::memcpy(record.mac, request.mac->data(), sizeof record.mac);
  return record;
}

namespace {

void compare_attachment(const abi::port_record& record, const Link& link,
                        const PortRequest& request, std::vector<Difference>& differences) {
  const auto add = [&](std::string text) { differences.push_back({std::move(text)}); };
  if (mode_of(record.device.mode_asked) != request.mode)
    add(fmt::format("its mode is {}", format_mode(mode_of(record.device.mode_asked))));
  if (!(record.device.flags & abi::RECORD_OFFLOADS_OFF) != request.guest_offloads)
    add(request.guest_offloads ? "its guest offloads are off" : "its guest offloads are on");
  if (request.queues && (*request.queues > 1) != link.is_multi_queue)
    add(link.is_multi_queue ? "it has several queues" : "it has one queue");
}

void compare_settings(const abi::port_record& record, const Link& link, const PortRequest& request,
                      std::vector<Difference>& differences) {
  const auto add = [&](std::string text) {
    differences.push_back({std::move(text), Needs::kWriting});
  };
  Mac mac{};
  std::memcpy(mac.data(), record.mac, sizeof record.mac);
  if (mac != request.mac.value_or(Mac{}))
    add(mac == Mac{} ? std::string("it has no MAC configured")
                     : fmt::format("its MAC is {}", format_mac(mac)));
  if (request.host_name != text_of(record.host_name))
    add(fmt::format("its host name is {:?}", text_of(record.host_name)));
  if (!request.ips.empty() && request.ips != addresses_of(record))
    add(record.ip_count ? fmt::format("its address is {}", ips_text(addresses_of(record)))
                        : std::string("it has no address"));
  if (request.allowed != allowed_of(record))
    add(record.allowed_count ? fmt::format("it may have {}", ips_text(allowed_of(record)))
                             : std::string("it may have no other addresses"));
  if (record.max_macs != request.max_macs.value_or(kDefaultMaxMacs))
    add(fmt::format("it may have {} MACs", record.max_macs));
  if (request.mtu && link.mtu != *request.mtu && record.device.mtu != *request.mtu)
    add(fmt::format("its MTU is {}", link.mtu));
}

}  // namespace

Result<std::vector<Difference>> differences_from(Tables& tables, const abi::port_record& record,
                                                 const Link& link, const PortRequest& request) {
  XVNET_ASSIGN(network, tables.network_records.find(record.network));
  if (!network) return std::vector<Difference>{{"its network is gone", Needs::kAttaching}};
  std::vector<Difference> differences;
  XVNET_ASSIGN(same_network, is_same_network(tables, record.network, *network, request));
  if (!same_network)
    differences.push_back({fmt::format("it is in network {:?}", text_of(network->name))});
  compare_attachment(record, link, request, differences);
  compare_settings(record, link, request, differences);
  XVNET_ASSIGN(owner, owner_uid(request));
  if (owner && owner != link.owner) differences.push_back({"its owner is another user"});
  return differences;
}

}  // namespace xvnet
