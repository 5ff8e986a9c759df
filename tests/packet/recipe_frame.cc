// SPDX-License-Identifier: BSD-2-Clause
#include "recipe_frame.h"

#include <linux/if_ether.h>
#include <netinet/in.h>

#include <algorithm>
#include <initializer_list>
#include <optional>
#include <ranges>

#include "frame.h"

namespace xvnet::test {

namespace {

constexpr size_t kLongestFrame = 3200;  // a test run accepts one page, including headroom
constexpr uint16_t kGenevePort = 6081;  // RFC 8926
constexpr size_t kIp6Header = 40;

enum class Follow : uint8_t { kNothing, kEtherType, kProtocol };

struct Layer {
  Op op = Op::kEth;
  size_t at = 0;
  std::optional<uint16_t> checksum;  // the fault, if any
  uint16_t length_fault = 0;
};

// The number of a layer in the "next protocol" field of the layer before it.
struct Names {
  uint16_t ethertype;
  uint8_t protocol;
};

Names names_of(const Step& step, bool in_ip6) {
  constexpr uint8_t kNoNextHeader = 59;
  constexpr uint16_t kTpids[] = {ETH_P_8021Q, ETH_P_8021AD, 0x9100};
  switch (step.op) {
    case Op::kEth:
      return {ETH_P_TEB, 97};  // EtherIP, RFC 3378
    case Op::kTag:
      return {kTpids[step.values[0]], kNoNextHeader};
    case Op::kArp:
      return {ETH_P_ARP, kNoNextHeader};
    case Op::kIp4:
      return {ETH_P_IP, IPPROTO_IPIP};
    case Op::kIp6:
      return {ETH_P_IPV6, IPPROTO_IPV6};
    case Op::kHopOptions:
      return {kTestEthertype, IPPROTO_HOPOPTS};
    case Op::kDestinationOptions:
      return {kTestEthertype, IPPROTO_DSTOPTS};
    case Op::kRouting:
      return {kTestEthertype, IPPROTO_ROUTING};
    case Op::kFragment:
      return {kTestEthertype, IPPROTO_FRAGMENT};
    case Op::kTcp:
      return {kTestEthertype, IPPROTO_TCP};
    case Op::kUdp:
      return {kTestEthertype, IPPROTO_UDP};
    case Op::kIcmp:
      return {kTestEthertype, in_ip6 ? uint8_t{IPPROTO_ICMPV6} : uint8_t{IPPROTO_ICMP}};
    case Op::kGre:
      return {kTestEthertype, IPPROTO_GRE};
    case Op::kType:
      return {step.values[0], kNoNextHeader};
    default:
      return {kTestEthertype, kNoNextHeader};
  }
}

class FrameBuilder {
 public:
  void add(const Step& step) {
    if (is_fault(step.op)) return spoil(step);
    if (layers_.empty() && step.op != Op::kEth) add({.op = Op::kEth, .values = {1, 0}});
    if (bytes_.size() >= kLongestFrame) return;
    const bool in_ip6 = l3_of(layers_.size()) != nullptr && l3_of(layers_.size())->op == Op::kIp6;
    name(names_of(step, in_ip6));
    layers_.push_back({.op = step.op, .at = bytes_.size(), .checksum = {}, .length_fault = 0});
    append(step);
  }

  // Fills lengths and checksums from the inside out, because an outer checksum covers the inner
  // ones.
  Bytes finish() {
    if (layers_.empty()) add({.op = Op::kEth, .values = {1, 0}});
    for (size_t i = layers_.size(); i > 0; --i) complete(i - 1);
    for (const Step& fault : faults_) spoil_whole(fault);
    bytes_.resize(std::min(bytes_.size(), kLongestFrame));
    return std::move(bytes_);
  }

 private:
  // The IP header that encloses layer number `index`.
  const Layer* l3_of(size_t index) const {
    const auto before = layers_ | std::views::take(index) | std::views::reverse;
    const auto found = std::ranges::find_if(
        before, [](const Layer& layer) { return layer.op == Op::kIp4 || layer.op == Op::kIp6; });
    return found == before.end() ? nullptr : &*found;
  }

  void name(const Names& names) {
    if (follow_ == Follow::kEtherType) put_be16(bytes_, name_at_, names.ethertype);
    if (follow_ == Follow::kProtocol) bytes_[name_at_] = names.protocol;
    follow_ = Follow::kNothing;
  }

  // Records the field of the current layer that names the next layer.
  void expect(Follow follow, size_t offset) {
    follow_ = follow;
    name_at_ = layers_.back().at + offset;
  }

  void put(std::initializer_list<int> bytes) {
    for (const int byte : bytes) bytes_.push_back(static_cast<uint8_t>(byte));
  }
  void fill(size_t size, uint8_t byte = 0) { bytes_.insert(bytes_.end(), size, byte); }
  void put_mac(uint16_t value) {
    const auto mac = parse_mac(mac_address_of(value));
    bytes_.insert(bytes_.end(), mac.begin(), mac.end());
  }

  void append(const Step& step) {
    switch (step.op) {
      case Op::kEth:
        return append_eth(step);
      case Op::kTag:
        append_be16(bytes_, static_cast<uint16_t>(step.values[2] << 12 | step.values[1]));
        append_be16(bytes_, kTestEthertype);
        return expect(Follow::kEtherType, 2);
      case Op::kArp:
        return append_arp(step);
      case Op::kIp4:
        return append_ip4(step);
      case Op::kIp6:
        return append_ip6(step);
      case Op::kHopOptions:
      case Op::kDestinationOptions:
      case Op::kRouting:
        return append_extension(step);
      case Op::kFragment:
        put({59, 0, step.values[0] >> 8, step.values[0] & 0xff, 0, 0, 0, 7});
        return expect(Follow::kProtocol, 0);
      case Op::kTcp:
        return append_tcp(step);
      default:
        return append_upper(step);
    }
  }

  void append_upper(const Step& step) {
    switch (step.op) {
      case Op::kUdp:
        append_be16(bytes_, 40000);
        append_be16(bytes_, step.values[0]);
        return fill(4);
      case Op::kIcmp:
        return put({step.values[0], 0, 0, 0, 0, 1, 0, 1});
      case Op::kGre:
        return append_gre(step);
      case Op::kVxlan:
        call_port(kVxlanPort);
        return put({0x08, 0, 0, 0, 0, step.values[0] >> 8, step.values[0] & 0xff, 0});
      case Op::kGeneve:
        call_port(kGenevePort);
        put({step.values[0], 0, ETH_P_TEB >> 8, ETH_P_TEB & 0xff, 0, 0, 42, 0});
        expect(Follow::kEtherType, 2);
        return fill(size_t{4} * step.values[0]);
      case Op::kPayload:
        return append_payload(step);
      default:
        return;
    }
  }

  void append_eth(const Step& step) {
    put_mac(step.values[0]);
    put_mac(step.values[1]);
    append_be16(bytes_, kTestEthertype);
    expect(Follow::kEtherType, 2 * ETH_ALEN);
  }

  void append_arp(const Step& step) {
    put({0, 1, 8, 0, ETH_ALEN, 4, 0, step.values[0]});
    for (const int host : {1, 2}) put({2, 0, 0, 0, 0, 9 + host, 10, 0, 0, host});
  }

  void append_ip4(const Step& step) {
    constexpr int kDestinations[][4] = {
        {10, 0, 0, 2}, {255, 255, 255, 255}, {224, 0, 0, 1}, {127, 0, 0, 1}};
    const auto& to = kDestinations[step.values[2]];
    put({0x40 | (5 + step.values[0]), 0, 0, 0, 0x12, 0x67});
    append_be16(bytes_, step.values[1]);
    put({64, 253, 0, 0, 10, 0, 0, 1, to[0], to[1], to[2], to[3]});
    fill(size_t{4} * step.values[0], 1);  // no-operation, RFC 791
    expect(Follow::kProtocol, 9);
  }

  void append_ip6(const Step& step) {
    constexpr int kDestinations[][2] = {{0x20, 2}, {0xff, 1}, {0xfe, 2}, {0, 1}};
    const auto& to = kDestinations[step.values[0]];
    put({0x60, 0, 0, 0, 0, 0, 59, 64});
    put({0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1});
    put({to[0], 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, to[1]});
    expect(Follow::kProtocol, 6);
  }

  void append_extension(const Step& step) {
    const int type = step.op == Op::kRouting ? step.values[1] : 1;  // else PadN, RFC 8200, 4.2
    const int padding = 4 + 8 * step.values[0];
    put({59, step.values[0], type, padding, 0, 0, 0, 0});
    fill(size_t{8} * step.values[0]);
    expect(Follow::kProtocol, 0);
  }

  void append_tcp(const Step& step) {
    put({0x9c, 0x40, 0, 9, 0, 0, 3, 0xe8, 0, 0, 0, 1, (5 + step.values[0] % 11) << 4});
    put({step.values[1], 0xff, 0xff, 0, 0, 0, 0});
    fill(size_t{4} * step.values[0], 1);
  }

  // RFC 2784 and RFC 2890: each flag adds one word.
  void append_gre(const Step& step) {
    put({step.values[0], 0, kTestEthertype >> 8, kTestEthertype & 0xff});
    for (const int flag : {0x80, 0x20, 0x10})
      if ((step.values[0] & flag) != 0) fill(4);
    expect(Follow::kEtherType, 2);
  }

  void append_payload(const Step& step) {
    const size_t size = std::min<size_t>(step.values[0], kLongestFrame - bytes_.size());
    for (size_t i = 0; i < size; ++i) bytes_.push_back(static_cast<uint8_t>(i * 7));
  }

  // Writes the tunnel's port into the UDP header before it.
  void call_port(uint16_t port) {
    if (layers_.size() < 2 || layers_[layers_.size() - 2].op != Op::kUdp) return;
    put_be16(bytes_, layers_[layers_.size() - 2].at + 2, port);
  }

  void complete(size_t index) {
    const Layer& layer = layers_[index];
    const size_t size = bytes_.size() - layer.at;
    const auto length = [&](size_t value) {
      return static_cast<uint16_t>(value + layer.length_fault);
    };
    if (layer.op == Op::kIp4) {
      put_be16(bytes_, layer.at + 2, length(size));
      finish_checksum(bytes_, layer.at, 10, layer.at + size_t{4} * (bytes_[layer.at] & 0x0f));
    }
    if (layer.op == Op::kIp6) put_be16(bytes_, layer.at + 4, length(size - kIp6Header));
    if (layer.op == Op::kUdp) put_be16(bytes_, layer.at + 4, length(size));
    complete_checksum(index);
  }

  void complete_checksum(size_t index) {
    const Layer& layer = layers_[index];
    const Layer* l3 = l3_of(index);
    const bool in_ip6 = l3 != nullptr && l3->op == Op::kIp6;
    const uint8_t protocol = names_of({.op = layer.op, .values = {}}, in_ip6).protocol;
    const size_t field = checksum_offset(protocol);
    if (l3 == nullptr || field == 0) return;
    Layers layers{.ethertype = static_cast<uint16_t>(in_ip6 ? ETH_P_IPV6 : ETH_P_IP),
                  .l3 = l3->at,
                  .protocol = protocol,
                  .l4 = layer.at,
                  .end = bytes_.size()};
    const uint16_t pseudo = pseudo_header_sum(bytes_, layers);
    put_be16(bytes_, layer.at + field, pseudo);
    finish_checksum(bytes_, layer.at, field, bytes_.size());
    if (!layer.checksum) return;
    layers.end = layers.l4;
    const uint16_t whole = get_be16(bytes_, layer.at + field);
    const uint16_t states[] = {0, 0xffff, pseudo, pseudo_header_sum(bytes_, layers),
                               static_cast<uint16_t>(whole + 1)};
    put_be16(bytes_, layer.at + field, states[*layer.checksum]);
  }

  Layer* last_of(std::initializer_list<Op> ops) {
    const auto from_last = layers_ | std::views::reverse;
    const auto found = std::ranges::find_if(from_last, [&](const Layer& layer) {
      return std::ranges::find(ops, layer.op) != ops.end();
    });
    return found == from_last.end() ? nullptr : &*found;
  }

  void spoil(const Step& step) {
    if (step.op == Op::kChecksum) {
      Layer* layer = last_of({Op::kTcp, Op::kUdp, Op::kIcmp});
      if (layer != nullptr) layer->checksum = step.values[0];
    } else if (step.op == Op::kLength) {
      Layer* layer = last_of({Op::kIp4, Op::kIp6, Op::kUdp});
      if (layer != nullptr) layer->length_fault = step.values[0];
    } else {
      faults_.push_back(step);
    }
  }

  void spoil_whole(const Step& step) {
    const size_t value = step.values[0];
    if (step.op == Op::kPoke) bytes_[value % bytes_.size()] = static_cast<uint8_t>(step.values[1]);
    if (step.op == Op::kPad) fill(value);
    if (step.op == Op::kCut) bytes_.resize(std::min(bytes_.size(), std::max<size_t>(value, 1)));
  }

  Bytes bytes_;
  std::vector<Layer> layers_;
  std::vector<Step> faults_;
  Follow follow_ = Follow::kNothing;
  size_t name_at_ = 0;
};

}  // namespace

Bytes build_frame(std::span<const Step> steps) {
  FrameBuilder builder;
  for (const Step& step : steps) builder.add(step);
  return builder.finish();
}

}  // namespace xvnet::test
