// SPDX-License-Identifier: BSD-2-Clause
#include "loader/linux/sysctl.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string_view>

#include "loader/linux/device_name.h"
#include "loader/linux/file_descriptor.h"
#include "loader/text.h"

namespace xvnet {
namespace {

constexpr const char* kReservedPorts = "/proc/sys/net/ipv4/ip_local_reserved_ports";

// The kernel takes a page of a list at a time, up to the end of a number. 0, or an errno.
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

Result<std::string> read_value(const char* path, const std::string& doing) {
  FileDescriptor file(open(path, O_RDONLY | O_CLOEXEC));
  std::string value;
  std::array<char, 4096> part;
  for (ssize_t size = 1; file.is_open() && size > 0;) {
    size = read(file.get(), part.data(), part.size());
    if (size < 0) return fail_errno(errno, doing);
    value.append(part.data(), static_cast<std::size_t>(size));
  }
  return file.is_open() ? Result<std::string>(value) : fail_errno(errno, doing);
}

}  // namespace

Result<void> set_link_ipv6(std::uint32_t ifindex, bool on, const std::string& doing) {
  const auto path = fmt::format("/proc/sys/net/ipv6/conf/{}/disable_ipv6", device_name(ifindex));
  const int error = write_value(path, on ? "0" : "1");
  if (error && error != ENOENT)
    return fail_errno(error, fmt::format("{}: write \"{}\"", doing, path));
  return {};
}

Result<void> set_link_ipv4(std::uint32_t ifindex, std::string_view setting, bool on) {
  const auto path = fmt::format("/proc/sys/net/ipv4/conf/{}/{}", device_name(ifindex), setting);
  const int error = write_value(path, on ? "1" : "0");
  if (error)
    return fail_errno(error, fmt::format("turn {} {} of device {}: write \"{}\"", on ? "on" : "off",
                                         setting, quoted_device(ifindex), path));
  return {};
}

Result<PortSet> read_reserved_ports() {
  XVNET_ASSIGN(text, read_value(kReservedPorts, fmt::format("read \"{}\"", kReservedPorts)));
  const auto ports = parse_ports(text);
  if (!ports)
    return fail(fmt::format("read \"{}\": {:?} is no list of ports", kReservedPorts, text));
  return *ports;
}

// Of an empty write the kernel takes no notice; an empty line is none of the ports.
Result<void> write_reserved_ports(const PortSet& ports) {
  const int error = write_value(kReservedPorts, format_ports(ports) + "\n");
  if (error) return fail_errno(error, fmt::format("write \"{}\"", kReservedPorts));
  return {};
}

}  // namespace xvnet
