// SPDX-License-Identifier: BSD-2-Clause
//
// Chooses the programs of a device, and gives the reason. XDP is faster; tc carries every frame. A
// wrong choice costs speed, never a frame (docs/packet-path.md).
#pragma once

#include <string>
#include <vector>

#include "loader/base/host.h"
#include "maps/records.h"

namespace xvnet {

enum class Mode { kAuto, kXdp, kTc };

const char* format_mode(Mode mode);  // "auto", "xdp", "tc"

struct ModeChoice {
  Mode mode = Mode::kTc;
  std::string why;
  bool is_xdp_target = false;           // XDP programs of other devices may redirect frames to it
  bool has_complete_checksums = false;  // frames received from it never have a partial checksum
  bool has_xdp_on_sk_buffs = false;     // the driver may run its XDP program on an existing sk_buff
  std::vector<Feature> features_off;    // features to turn off because they hide tags from XDP
  std::vector<Feature> peer_features_off;  // the same for the other end of a veth
  std::vector<std::string> warnings;
};

enum class Role { kPort, kUplink };

struct ModeQuestion {
  Role role = Role::kPort;
  Mode asked = Mode::kAuto;
  bool guest_offloads = true;
  bool share_xdp = false;
};

// Fails with kUnsupported if XDP is requested but the device cannot run it, and with kFailed if a
// foreign XDP program is attached.
Result<ModeChoice> choose_mode(const Host& host, const Link& link, const ModeQuestion& question);

// The flags of the interface's entry: enum interface_flags of maps/interfaces.h.
std::uint16_t interface_flags(const ModeChoice& choice, const abi::device_record& record);

}  // namespace xvnet
