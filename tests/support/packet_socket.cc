// SPDX-License-Identifier: BSD-2-Clause
#include "packet_socket.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <cerrno>
#include <cstring>

namespace xvnet::test {

namespace {

constexpr int kReceiveBuffer = 64 << 20;  // holds a flood: a full buffer drops frames

void set_option(const UniqueFd& fd, int level, int option, int value) {
  if (setsockopt(fd.get(), level, option, &value, sizeof(value)) != 0) {
    throw_errno("setting packet socket option " + std::to_string(option));
  }
}

// Puts the tag from metadata back into the frame, at its offset on the wire.
void reinsert_tag(Received& received, const tpacket_auxdata& aux) {
  if ((aux.tp_status & TP_STATUS_VLAN_VALID) == 0) return;
  const bool has_tpid = (aux.tp_status & TP_STATUS_VLAN_TPID_VALID) != 0;
  VlanTag tag;
  tag.tpid = has_tpid ? aux.tp_vlan_tpid : static_cast<uint16_t>(ETH_P_8021Q);
  tag.vid = aux.tp_vlan_tci & 0x0fff;
  tag.dei = (aux.tp_vlan_tci & 0x1000) != 0;
  tag.pcp = static_cast<uint8_t>(aux.tp_vlan_tci >> 13);
  const Frame tagged = Frame{received.bytes, {}, received.vnet}.tagged(tag);
  received.bytes = tagged.bytes;
  received.vnet = tagged.vnet;
  received.tag_from_metadata = true;
}

}  // namespace

PacketSocket::PacketSocket(const NetNs& ns, const std::string& dev, const SocketOptions& options)
    : ns_(&ns), dev_(dev), vnet_header_(options.vnet_header) {
  ns.in([&] {
    // The socket has protocol 0 until it is bound. Otherwise it would first receive from every
    // device of the namespace.
    fd_ = UniqueFd(socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!fd_) throw_errno("opening a packet socket");
    set_option(fd_, SOL_SOCKET, SO_RCVBUFFORCE, kReceiveBuffer);
    set_option(fd_, SOL_PACKET, PACKET_AUXDATA, 1);
    if (!options.outgoing) set_option(fd_, SOL_PACKET, PACKET_IGNORE_OUTGOING, 1);
    if (options.vnet_header) set_option(fd_, SOL_PACKET, PACKET_VNET_HDR, 1);
    if (options.bypass_qdisc) set_option(fd_, SOL_PACKET, PACKET_QDISC_BYPASS, 1);
    sockaddr_ll address{};
    address.sll_family = AF_PACKET;
    address.sll_protocol = htons(options.protocol);
    address.sll_ifindex = dev.empty() ? 0 : static_cast<int>(if_nametoindex(dev.c_str()));
    if (!dev.empty() && address.sll_ifindex == 0) throw SetupError("no device \"" + dev + "\"");
    if (bind(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) {
      throw_errno("binding a packet socket to \"" + dev + "\"");
    }
  });
}

int PacketSocket::try_send(const Frame& frame) {
  VnetHeader header = frame.vnet;
  const iovec parts[] = {
      {&header, sizeof(header)},
      {const_cast<uint8_t*>(frame.bytes.data()), frame.bytes.size()},
  };
  if (!vnet_header_ && frame.partial()) throw SetupError("this socket has no vnet header");
  const ssize_t sent = writev(fd_.get(), vnet_header_ ? parts : parts + 1, vnet_header_ ? 2 : 1);
  return sent < 0 ? errno : 0;
}

void PacketSocket::send(const Frame& frame) {
  const int error = try_send(frame);
  if (error == 0) return;
  errno = error;
  throw_errno("sending " + std::to_string(frame.bytes.size()) + " bytes on \"" + dev_ + "\"");
}

std::optional<Received> PacketSocket::receive() {
  Bytes& buffer = receive_buffer();
  alignas(cmsghdr) char control[256];
  sockaddr_ll from{};
  iovec part{buffer.data(), buffer.size()};
  msghdr message{};
  message.msg_name = &from;
  message.msg_namelen = sizeof(from);
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof(control);
  const ssize_t got = recvmsg(fd_.get(), &message, 0);
  if (got < 0) {
    // The kernel reports ENETDOWN once after the interface went down. No frame was received.
    if (errno == EAGAIN || errno == ENETDOWN) return std::nullopt;
    throw_errno("receiving on \"" + dev_ + "\"");
  }
  Received received;
  received.outgoing = from.sll_pkttype == PACKET_OUTGOING;
  received.ifindex = from.sll_ifindex;
  const size_t header = vnet_header_ ? sizeof(VnetHeader) : 0;
  std::memcpy(&received.vnet, buffer.data(), header);
  // DATA_VALID and RSC_INFO are notes of the kernel. Only NEEDS_CSUM affects the frame.
  received.vnet.flags &= kNeedsChecksum;
  received.bytes.assign(buffer.begin() + static_cast<std::ptrdiff_t>(header), buffer.begin() + got);
  for (cmsghdr* c = CMSG_FIRSTHDR(&message); c != nullptr; c = CMSG_NXTHDR(&message, c)) {
    if (c->cmsg_level != SOL_PACKET || c->cmsg_type != PACKET_AUXDATA) continue;
    tpacket_auxdata aux;
    std::memcpy(&aux, CMSG_DATA(c), sizeof(aux));
    reinsert_tag(received, aux);
  }
  return received;
}

}  // namespace xvnet::test
