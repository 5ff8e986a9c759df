// SPDX-License-Identifier: BSD-2-Clause
#include "tap.h"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "link.h"

namespace xvnet::test {

namespace {

constexpr int kPlainHeader = sizeof(VnetHeader);
constexpr int kLargestHeader = kVnetHeaderWithBuffers;

}  // namespace

Tap::Tap(const NetNs& ns, const std::string& name, const TapOptions& options)
    : ns_(&ns), name_(name), vnet_header_(options.vnet_header) {
  if (!options.create_missing && !exists(ns, name)) throw SetupError("no TAP \"" + name + "\"");
  ifreq request{};
  std::copy_n(name.begin(), std::min(name.size(), sizeof(request.ifr_name) - 1), request.ifr_name);
  request.ifr_flags = IFF_TAP | IFF_NO_PI;
  if (vnet_header_ != 0) request.ifr_flags |= IFF_VNET_HDR;
  if (options.multi_queue) request.ifr_flags |= IFF_MULTI_QUEUE;
  fd_ = ns.in([&] {
    UniqueFd fd(open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC));
    if (!fd || ioctl(fd.get(), TUNSETIFF, &request) != 0) {
      throw_errno("opening TAP \"" + name + "\"");
    }
    return fd;
  });
  if (vnet_header_ != 0 && ioctl(fd_.get(), TUNSETVNETHDRSZ, &vnet_header_) != 0) {
    throw_errno("setting the vnet header size of TAP \"" + name + "\"");
  }
  set_offloads(options.offloads);
}

void Tap::set_offloads(unsigned offloads) {
  if (ioctl(fd_.get(), TUNSETOFFLOAD, static_cast<unsigned long>(offloads)) != 0) {
    throw_errno("setting the offloads of TAP \"" + name_ + "\"");
  }
}

int Tap::try_send(const Frame& frame) {
  const bool has_offload = frame.partial() || frame.vnet.gso_type != Gso::kNone;
  if (vnet_header_ == 0 && has_offload) {
    throw SetupError("TAP \"" + name_ + "\" has no vnet header to say that in");
  }
  uint8_t header[kLargestHeader] = {};
  std::memcpy(header, &frame.vnet, kPlainHeader);
  const iovec parts[] = {
      {header, static_cast<size_t>(vnet_header_)},
      {const_cast<uint8_t*>(frame.bytes.data()), frame.bytes.size()},
  };
  // Without a vnet header, the frame must be the only part. An empty first part would disable the
  // native XDP path.
  const bool bare = vnet_header_ == 0;
  const ssize_t sent = writev(fd_.get(), bare ? parts + 1 : parts, bare ? 1 : 2);
  return sent < 0 ? errno : 0;
}

void Tap::send(const Frame& frame) {
  const int error = try_send(frame);
  if (error == 0) return;
  errno = error;
  throw_errno("sending " + std::to_string(frame.bytes.size()) + " bytes on TAP \"" + name_ + "\"");
}

std::optional<Received> Tap::receive() {
  Bytes& buffer = receive_buffer();
  const ssize_t got = read(fd_.get(), buffer.data(), buffer.size());
  if (got < 0) {
    if (errno == EAGAIN || errno == EIO) return std::nullopt;
    throw_errno("reading TAP \"" + name_ + "\"");
  }
  Received received;
  received.ifindex = 0;
  if (vnet_header_ != 0) std::memcpy(&received.vnet, buffer.data(), kPlainHeader);
  received.bytes.assign(buffer.begin() + vnet_header_, buffer.begin() + got);
  return received;
}

}  // namespace xvnet::test
