// SPDX-License-Identifier: BSD-2-Clause
//
// Which programs a device gets, and why. XDP is the faster hook, tc the one that carries
// everything; choosing wrongly costs speed, never a frame (docs/packet-path.md).
#pragma once

#include <string>
#include <vector>

#include "loader/kernel.h"
#include "loader/request.h"
#include "maps/records.h"

namespace xvnet {

struct ModeChoice {
  Mode mode = Mode::kTc;
  std::string why;
  bool is_xdp_target = false;              // XDP of other devices may redirect into it
  bool has_complete_checksums = false;     // what it sends never has an unfinished checksum
  bool has_xdp_on_sk_buffs = false;        // its XDP program may get what is an sk_buff already
  std::vector<Feature> features_off;       // would hide tags from XDP
  std::vector<Feature> peer_features_off;  // of a veth's other end
  std::vector<std::string> warnings;
};

enum class Role { kPort, kUplink };

struct ModeQuestion {
  Role role = Role::kPort;
  Mode asked = Mode::kAuto;
  bool guest_offloads = true;
  bool share_xdp = false;
};

// kUnsupported when XDP was asked for and this device cannot do it, kFailed when another owner's
// XDP program is there.
Result<ModeChoice> choose_mode(const Kernel& kernel, const Link& link,
                               const ModeQuestion& question);

// What the programs have to know of it: enum interface_flags of maps/interfaces.h.
std::uint16_t interface_flags(const ModeChoice& choice, const abi::device_record& record);

}  // namespace xvnet
