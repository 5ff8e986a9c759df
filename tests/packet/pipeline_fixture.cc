// SPDX-License-Identifier: BSD-2-Clause
#include "pipeline_fixture.h"

#include <linux/if_ether.h>

#include <algorithm>

#include "frame_view.h"

namespace xvnet::test {

namespace {

constexpr size_t kTagSize = 4;

// The number of bytes that is counted for a frame: its length without the outer tag.
uint64_t counted_size(const Bytes& frame) {
  const uint16_t type = get_be16(frame, 2 * ETH_ALEN);
  return frame.size() - (type == ETH_P_8021Q || type == ETH_P_8021AD ? kTagSize : 0);
}

// Checks that the byte counters match the packet counters, then removes them. An ICMP error to the
// sender of a dropped frame is counted with its own size.
void check_bytes(Counts& counted, uint64_t size, uint64_t error_size) {
  Counts expected;
  Counts bytes;
  if (std::ranges::none_of(counted,
                           [](const auto& entry) { return entry.first.ends_with("from carried"); }))
    size = error_size;
  for (const auto& [what, times] : counted) {
    if (what.ends_with(" carried"))
      expected[what.substr(0, what.rfind(' ')) + " bytes"] = times * size;
    if (what.ends_with(" bytes")) bytes[what] = times;
  }
  EXPECT_EQ(bytes, expected);
  std::erase_if(counted, [](const auto& entry) { return entry.first.ends_with(" bytes"); });
}

// Every new frame has another marker and so another checksum. Retries until the checksum is
// provably complete.
template <typename Make>
Frame made_provable(const Make& make) {
  Frame frame = make();
  while (may_be_partial(frame.bytes)) frame = make();
  return frame;
}

}  // namespace

std::map<Hook, std::set<std::string>>& reasons_seen() {
  static std::map<Hook, std::set<std::string>> seen;
  return seen;
}

std::map<Hook, std::set<std::string>>& reasons_out_of_reach() {
  static std::map<Hook, std::set<std::string>> reasons;
  return reasons;
}

void note_reasons(Hook hook, const Counts& counted) {
  for (const auto& [what, times] : counted)
    reasons_seen()[hook].insert(what.substr(what.rfind(' ') + 1));
}

Pipeline::Pipeline() : rig_(Rig::get()) { rig_.reset(); }

Frame Pipeline::pushed(const Frame& frame, const VlanTag& tag) const {
  return on_xdp() ? frame.tagged(tag) : frame;
}

Outcome Pipeline::run(Program program, const std::string& name, const Frame& frame,
                      const RunOptions& options) {
  const Counts before = read_counters(rig_);
  const RunResult result = rig_.run(GetParam(), program, rig_.ifindex(name), frame.bytes, options);
  mark_ = result.mark;
  Outcome outcome{verdict_of(GetParam(), result.code), result.bytes,
                  difference(before, read_counters(rig_))};
  check_bytes(outcome.counted, counted_size(frame.bytes), outcome.bytes.size());
  note_reasons(GetParam(), outcome.counted);
  return outcome;
}

Outcome Pipeline::from_vm(const std::string& port, const Frame& frame, const RunOptions& options) {
  return run(Program::kFromVm, port, frame, options);
}

Outcome Pipeline::from_uplink(const Frame& frame, const RunOptions& options) {
  return run(Program::kFromUplink, "up", frame, options);
}

Outcome Pipeline::from_host(const Frame& frame, const RunOptions& options) {
  return run(Program::kFromHost, "up", frame, options);
}

Frames Pipeline::copies_at(const std::string& name) {
  Frames copies;
  while (auto received = rig_.tap(name).receive()) copies.push_back(std::move(received->bytes));
  return copies;
}

std::string Pipeline::learnt_at(uint32_t network, const std::string& mac) const {
  const auto entry = rig_.tables().fdb.find(fdb_key(network, mac));
  if (!entry) return "";
  const auto& names = rig_.names();
  const auto found = std::ranges::find_if(
      names, [&](const std::string& name) { return rig_.ifindex(name) == entry->ifindex; });
  return found == names.end() ? "a device that is not of the rig" : *found;
}

Ends Pipeline::between(const std::string& from, const std::string& to) {
  return Ends::between(mac_of(from), mac_of(to));
}

Ends Pipeline::broadcast_of(const std::string& from) {
  return Ends::between(mac_of(from), kBroadcast);
}

Frame Pipeline::tcp4(const Ends& ends, size_t payload) {
  return made_provable([&] { return test::tcp4(ends, payload); });
}

Frame Pipeline::tcp6(const Ends& ends, size_t payload) {
  return made_provable([&] { return test::tcp6(ends, payload); });
}

Frame Pipeline::icmp4_echo(const Ends& ends) {
  return made_provable([&] { return test::icmp4_echo(ends); });
}

Frame Pipeline::icmp6_echo(const Ends& ends) {
  return made_provable([&] { return test::icmp6_echo(ends); });
}

}  // namespace xvnet::test
