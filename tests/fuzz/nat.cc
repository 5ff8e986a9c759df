// SPDX-License-Identifier: BSD-2-Clause
//
// Two tenants share the host's own address for SNAT. The host has sockets on some of their ports.
// It also sends from other ports of theirs, either itself or for a container that it translates, as
// nf_conntrack does. Frames with any virtio-net header come from the VMs' TAPs and from the wire:
//
// - A frame that reaches the wire has its sender's own public address and port.
// - A frame that reaches another tenant's VM has been translated for that VM.
// - A frame for a socket of the host, or for a port from which the host has sent, reaches no VM.
// - A VM's frame never reaches the host, and never leaves from such a port.
//
// The input is text with one frame per line. A line has one number for each Field, and each number
// selects a value from a table.
#include <arpa/inet.h>
#include <netinet/in.h>

#include <map>
#include <random>
#include <set>

#include "nat_line.h"
#include "target.h"
#include "udp_socket.h"

namespace xvnet::test {
namespace {

bool is_ip(const Bytes& frame, size_t at, const char* ip) {
  const abi::address address = address_of(ip);
  return std::equal(address.bytes + 12, address.bytes + 16, frame.begin() + static_cast<long>(at));
}

bool is_own_port(uint16_t port, const std::string& from) {
  const uint16_t first = from == "a" ? kFirstPort : kFirstPort + kPorts;
  return port >= first && port < first + kPorts;
}

// The port or ICMP identifier of a frame from the public address. For an ICMP error, it is the
// destination of the quoted packet.
std::optional<uint16_t> public_port(const Bytes& frame) {
  const uint8_t protocol = frame[kIp + 9];
  if (protocol == IPPROTO_TCP || protocol == IPPROTO_UDP) return get_be16(frame, kTransport);
  if (protocol != IPPROTO_ICMP) return std::nullopt;
  const uint8_t type = frame[kTransport];
  const bool is_query = type == 8 || type == 0 || type == 13 || type == 14;
  if (is_query) return get_be16(frame, kTransport + 4);
  constexpr size_t kQuoted = kTransport + 8;
  if (frame.size() < kQuoted + 28) return std::nullopt;
  const size_t quoted = kQuoted + size_t{4} * (frame[kQuoted] & 0xf);
  if (frame.size() < quoted + 8) return std::nullopt;
  return get_be16(frame, quoted + (frame[kQuoted + 9] == IPPROTO_ICMP ? 4 : 2));
}

// Empty when the source is the network's own public address and port. A later fragment has no port
// to check.
std::string source_problem(const Bytes& frame, const std::string& from) {
  if (frame.size() < kTransport || frame[kIp] >> 4 != 4) return "the IPv4 packet is truncated";
  if (!is_ip(frame, kIp + 12, kUplinkIp)) return "the source is not the public address";
  if ((frame[kIp] & 0xf) != 5) return "";  // the ports of a header with options are elsewhere
  if (get_be16(frame, kIp + 6) & 0x1fff) return "";
  if (frame.size() < kTransport + 8) return "the packet ends before its ports";
  const auto port = public_port(frame);
  if (!port) return "the protocol is not translated";
  return is_own_port(*port, from) ? "" : "port " + std::to_string(*port) + " is not its network's";
}

std::string wire_problem(const Bytes& frame, const std::string& from) {
  const uint16_t type = get_be16(frame, 12);
  if (type == ETH_P_8021Q) {
    const uint16_t vid = get_be16(frame, 14) & 0xfff;
    return vid == (from == "a" ? kRedVid : kBlueVid) ? "" : "another network's VID";
  }
  // The kernel sends ARP requests for the next hop itself.
  if (type == ETH_P_ARP)
    return mac_text(frame, 6) == mac_of(Rig::get().ns(), "up") ? "" : "ARP of another";
  return type == ETH_P_IP ? source_problem(frame, from) : "untagged, and no IPv4";
}

bool is_of_network(const std::string& port, const std::string& from) {
  return from == "d" ? port == "d" : port == "a" || port == "b" || port == "c";
}

// A protocol and a port on the host's address.
using HostPort = std::pair<uint8_t, uint16_t>;

bool is_beside_the_wire(const std::string& port) { return port == "e" || port == "f"; }

std::string problem_of_vm(const std::string& from, const std::string& at, const Bytes& frame) {
  if (is_of_network(at, from)) return "";
  if (at == "host") return "the frame reached the host";
  if (at == "stranger") return "the frame reached an unmanaged device";
  if (at == "up" || is_beside_the_wire(at)) return wire_problem(frame, from);
  if (get_be16(frame, 12) != ETH_P_IP) return "the frame reached another tenant";
  if (!is_ip(frame, kIp + 16, kInside))
    return "the frame reached another tenant, with another address";
  return source_problem(frame, from);
}

// The protocol and the port on the host's address that a frame from the wire is sent to.
std::optional<HostPort> port_asked(const Bytes& frame) {
  if (frame.size() < kTransport + 8 || get_be16(frame, 12) != ETH_P_IP || frame[kIp] != 0x45 ||
      get_be16(frame, kIp + 6) & 0x1fff || !is_ip(frame, kIp + 16, kUplinkIp))
    return std::nullopt;
  return HostPort{frame[kIp + 9], get_be16(frame, kTransport + 2)};
}

std::string problem_of_wire(const Frame& sent, const std::string& at, const Bytes& frame,
                            const std::set<HostPort>& of_host) {
  if (at == "host" || at == "up" || is_beside_the_wire(at)) return "";
  if (at == "stranger") return "the frame reached an unmanaged device";
  if (get_be16(sent.bytes, 12) == ETH_P_8021Q) return "";  // the wire of the tenant's own network
  const auto asked = port_asked(sent.bytes);
  if (asked && of_host.contains(*asked)) return "a frame for the host reached a VM";
  if (get_be16(frame, 12) != ETH_P_IP) return "an untagged frame reached a tenant's network";
  return is_ip(frame, kIp + 16, kInside) ? "" : "it has not been translated";
}

class Host {
 public:
  Host()
      : delivery_(Rig::get(), Hook::kTc),
        udp_(Rig::get().ns(), kUplinkIp, kHostsUdp),
        tcp_(Rig::get().ns().in([] { return listen_at(kHostsTcp); })),
        raw_(Rig::get().ns().in([] { return raw_socket(); })) {}

  void reset() {
    Rig& rig = Rig::get();
    rig.reset();
    uint16_t first = kFirstPort;
    for (const uint32_t network : {kRed, kBlue}) {
      rig.set_gateway(network, kGateway);
      rig.set_address(network, kInside, network == kRed ? "a" : "d", "");
      abi::nat_network rules{};
      rules.bucket_mask = 31;
      rules.range_count = 1;
      rules.ranges[0] = {
          .address = address_of(kUplinkIp), .first = first, .count = kPorts, .flags = 0};
      rig.set_nat(network, rules, abi::NAT_ADDRESS_OF_HOST);
      first += kPorts;
    }
    ports_ = {{IPPROTO_UDP, kHostsUdp}, {IPPROTO_TCP, kHostsTcp}};
    rig.drain();
  }

  // All processing happens within the write to the TAP. Returns one line for each problem.
  std::string send(const Line& line) {
    Rig& rig = Rig::get();
    const std::string from = sender_of(line);
    if (from == "host") return send_from_host(line);
    const Frame frame = frame_of(line);
    // The kernel refuses a vnet header that does not fit the frame.
    if (rig.tap(from).try_send(frame) != 0) return "";
    std::string problems;
    for (const std::string& at : rig.names())
      while (const auto received = rig.tap(at).receive()) {
        const Bytes bytes = received->finished();
        const std::string problem =
            from == "up" ? problem_of_wire(frame, at, bytes, ports_)
                         : problem_of_vm(from, at, bytes) + hosts_port_problem(at, bytes);
        if (!problem.empty())
          problems.append("\nfrom " + from).append(", at " + at).append(": " + problem);
      }
    return problems;
  }

 private:
  static UniqueFd listen_at(uint16_t port);
  static UniqueFd raw_socket();

  // The host sends a datagram to the wire. After that, the source port belongs to the host.
  std::string send_from_host(const Line& line) {
    Ends ends;
    ends.src_ip = kUplinkIp;
    ends.dst_ip = line[kDestination] % 2 ? "192.0.2.7" : "192.0.2.8";
    ends.src_port = choose(kChosenPorts, line[kSourcePort]);
    ends.dst_port = choose(kChosenPorts, line[kDestinationPort]);
    const bool is_tcp = line[kKind] % 2;
    const Bytes bytes = (is_tcp ? tcp4(ends) : udp4(ends)).bytes;
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_addr.s_addr = inet_addr(ends.dst_ip.c_str());
    if (::sendto(raw_.get(), bytes.data() + kIp, bytes.size() - kIp, 0,
                 reinterpret_cast<const sockaddr*>(&to), sizeof to) < 0)
      throw_errno("sending as the host");
    ports_.emplace(is_tcp ? IPPROTO_TCP : IPPROTO_UDP, ends.src_port);
    std::string problems;
    for (const std::string& at : Rig::get().names())
      while (Rig::get().tap(at).receive())
        if (at != "up" && !is_beside_the_wire(at)) problems += "\nfrom the host, at " + at;
    return problems;
  }

  // A VM's frame must not leave from a port of the host.
  std::string hosts_port_problem(const std::string& at, const Bytes& frame) const {
    if (at != "up" || frame.size() < kTransport + 8 || get_be16(frame, 12) != ETH_P_IP ||
        frame[kIp] != 0x45 || get_be16(frame, kIp + 6) & 0x1fff ||
        !is_ip(frame, kIp + 12, kUplinkIp) ||
        !ports_.contains({frame[kIp + 9], get_be16(frame, kTransport)}))
      return "";
    return "the frame left from a port of the host";
  }

  Delivery delivery_;
  UdpSocket udp_;
  UniqueFd tcp_;
  UniqueFd raw_;
  std::set<HostPort> ports_;
};

UniqueFd Host::listen_at(uint16_t port) {
  UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(socket.get(), 1) != 0)
    throw_errno("listening");
  return socket;
}

UniqueFd Host::raw_socket() {
  UniqueFd socket(::socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW));
  if (!socket) throw_errno("opening a raw socket");
  return socket;
}

Line random_line(std::mt19937& random) {
  Line line{};
  for (uint16_t& number : line) number = static_cast<uint16_t>(random());
  // Prefers values that a guest would send, so that sessions are created.
  const auto mostly = [&](Field field, uint16_t number) {
    if (random() % 4) line[field] = number;
  };
  const bool is_of_wire = sender_of(line) == "up";
  mostly(kMac, is_of_wire ? 1 : 0);
  mostly(kSource, is_of_wire ? 4 : 0);
  mostly(kDestination, is_of_wire ? 3 : 4);
  if (sender_of(line) != "host") mostly(kSourcePort, is_of_wire ? 2 : 3);
  mostly(kPokeAt, 511);
  mostly(kTag, 0);
  mostly(kFragment, 0);
  return line;
}

}  // namespace
}  // namespace xvnet::test

using namespace xvnet::test;

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static Host host;
  host.reset();
  std::string all;
  for (const Line& line : lines_of(text_of_input(data, size))) all += host.send(line);
  require(all.empty(), "no receiver gets another's frame" + all);
  return 0;
}

// libFuzzer gets no coverage from the programs in the kernel, so each input is generated at random.
extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t limit, unsigned seed) {
  constexpr size_t kMost = 40;
  std::mt19937 random(seed);
  std::vector<Line> lines = lines_of(text_of_input(data, size));
  if (lines.size() > kMost) lines.clear();
  if (!lines.empty() && random() % 3)
    lines[random() % lines.size()][random() % kFields] = static_cast<uint16_t>(random());
  while (lines.size() < kMost / 2 || random() % 8) lines.push_back(random_line(random));
  std::string text = text_of(lines);
  text.resize(std::min(text.size(), limit));
  std::ranges::copy(text, data);
  return text.size();
}
