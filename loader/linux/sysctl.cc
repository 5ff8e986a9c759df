// SPDX-License-Identifier: BSD-2-Clause
#include "loader/linux/sysctl.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string_view>

#include "loader/base/text.h"
#include "loader/linux/device_name.h"
#include "loader/linux/file_descriptor.h"

namespace xvnet {
namespace {

constexpr const char* kReservedPorts = "/proc/sys/net/ipv4/ip_local_reserved_ports";

// The kernel accepts a list in parts of up to a page that end with a whole number. Returns 0 or an
// errno.
int write_value(const std::string& path, std::string_view value) {
  FileDescriptor file(open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!file.is_open()) return errno;
  while (!value.empty()) {
    const ssize_t written = write(file.get(), value.data(), value.size());
    if (written <= 0) return written < 0 ? errno : EIO;
    value.remove_prefix(static_cast<std::size_t>(written));
  }
  return 0;
}

Result<std::string> read_value(const std::string& path, const std::string& doing) {
  FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::string value;
  std::array<char, 4096> part;
  for (ssize_t size = 1; file.is_open() && size > 0;) {
    size = read(file.get(), part.data(), part.size());
    if (size < 0) return fail_errno(errno, doing);
    value.append(part.data(), static_cast<std::size_t>(size));
  }
  return file.is_open() ? Result<std::string>(value) : fail_errno(errno, doing);
}

// A file under net/FAMILY/conf/DEVICE.
struct Setting {
  std::string_view family;
  std::string_view name;
  std::string_view value;
};

// IPv6 is turned on last, when received packets can no longer configure anything.
std::vector<Setting> guarding_settings(HostAddresses addresses) {
  return {{"ipv4", "accept_redirects", "0"},
          {"ipv4", "secure_redirects", "0"},
          {"ipv4", "send_redirects", "0"},
          {"ipv4", "accept_source_route", "0"},
          {"ipv4", "arp_ignore", "1"},    // answer only for addresses of this link
          {"ipv4", "arp_announce", "2"},  // use only such addresses as the sender's
          {"ipv4", "rp_filter", "1"},     // RFC 3704, strict
          {"ipv4", "proxy_arp", "0"},     // else the host answers for every routed address
          {"ipv4", "proxy_arp_pvlan", "0"},
          {"ipv6", "proxy_ndp", "0"},
          {"ipv6", "accept_ra", "0"},
          {"ipv6", "autoconf", "0"},
          {"ipv6", "accept_redirects", "0"},
          {"ipv6", "accept_dad", "0"},  // else a VM could claim any address as a duplicate
          {"ipv6", "disable_ipv6", addresses == HostAddresses::kIpv4Only ? "1" : "0"}};
}

std::string path_of(const Setting& setting, std::string_view device) {
  return fmt::format("/proc/sys/net/{}/conf/{}/{}", setting.family, device, setting.name);
}

// Without IPv6, its settings do not exist.
bool is_absent(const Setting& setting, const std::string& path) {
  return setting.family == "ipv6" && access(path.c_str(), F_OK) && errno == ENOENT;
}

}  // namespace

Result<void> guard_link(std::uint32_t ifindex, HostAddresses addresses) {
  for (const Setting& setting : guarding_settings(addresses)) {
    const std::string path = path_of(setting, device_name(ifindex));
    if (is_absent(setting, path)) continue;
    if (const int error = write_value(path, setting.value))
      return fail_errno(error, fmt::format("guard device {}: write {:?} to {:?}",
                                           quoted_device(ifindex), setting.value, path));
  }
  return {};
}

Result<std::vector<std::string>> list_unguarded(std::uint32_t ifindex, HostAddresses addresses) {
  const std::string device = device_name(ifindex);
  std::vector<std::string> names;
  for (const Setting& setting : guarding_settings(addresses)) {
    const std::string path = path_of(setting, device);
    if (is_absent(setting, path)) continue;
    XVNET_ASSIGN(value, read_value(path, fmt::format("read {:?}", path)));
    if (value != std::string(setting.value) + "\n")
      names.push_back(fmt::format("net.{}.conf.{}.{}", setting.family, device, setting.name));
  }
  return names;
}

// For rp_filter the kernel uses the larger value of "all" and the device. Value 2 (loose) accepts a
// sender if any route leads to it. The other settings are on if they are on for "all".
Result<std::vector<SharedSetting>> list_overruling() {
  struct Overruling {
    Setting setting;  // with the value that does not override
    std::string_view bad;
  };
  static constexpr std::array kSettings = {Overruling{{"ipv4", "rp_filter", "1"}, "2\n"},
                                           Overruling{{"ipv4", "proxy_arp", "0"}, "1\n"},
                                           Overruling{{"ipv6", "proxy_ndp", "0"}, "1\n"}};
  std::vector<SharedSetting> found;
  for (const auto& [setting, bad] : kSettings) {
    const std::string path = path_of(setting, "all");
    if (is_absent(setting, path)) continue;
    XVNET_ASSIGN(value, read_value(path, fmt::format("read {:?}", path)));
    if (value == bad)
      found.push_back({fmt::format("net.{}.conf.all.{}", setting.family, setting.name),
                       std::string(setting.value)});
  }
  return found;
}

Result<void> set_link_ipv6(std::uint32_t ifindex, bool on, const std::string& doing) {
  const auto path = fmt::format("/proc/sys/net/ipv6/conf/{}/disable_ipv6", device_name(ifindex));
  const int error = write_value(path, on ? "0" : "1");
  if (error && error != ENOENT)
    return fail_errno(error, fmt::format("{}: write {:?}", doing, path));
  return {};
}

Result<void> set_link_ipv4(std::uint32_t ifindex, std::string_view setting, bool on) {
  const auto path = fmt::format("/proc/sys/net/ipv4/conf/{}/{}", device_name(ifindex), setting);
  const int error = write_value(path, on ? "1" : "0");
  if (error)
    return fail_errno(error, fmt::format("turn {} {} of device {}: write {:?}", on ? "on" : "off",
                                         setting, quoted_device(ifindex), path));
  return {};
}

Result<PortSet> read_reserved_ports() {
  XVNET_ASSIGN(text, read_value(kReservedPorts, fmt::format("read {:?}", kReservedPorts)));
  const auto ports = parse_ports(text);
  if (!ports)
    return fail(fmt::format("read {:?}: {:?} is not a list of ports", kReservedPorts, text));
  return *ports;
}

// The kernel ignores an empty write; an empty line clears the list.
Result<void> write_reserved_ports(const PortSet& ports) {
  const int error = write_value(kReservedPorts, format_ports(ports) + "\n");
  if (error) return fail_errno(error, fmt::format("write {:?}", kReservedPorts));
  return {};
}

}  // namespace xvnet
