// SPDX-License-Identifier: BSD-2-Clause
//
// Makes a veth end send its frames with a VLAN tag in metadata instead of in the frame, as a VLAN
// sub-interface on a card with tx-vlan offload does. There is no such sub-interface on a kernel
// without 8021q, so a six-instruction tc program stands in for it.
#pragma once

#include <string>

#include "frame.h"
#include "netns.h"
#include "process.h"

namespace xvnet::test {

class MetadataTagger {
 public:
  // Tags all that `dev` sends from now on until destruction. Needs tcx (Linux 6.6).
  MetadataTagger(const NetNs& ns, const std::string& dev, const VlanTag& tag);

 private:
  UniqueFd program_;
  UniqueFd link_;
};

// Puts an XDP program that passes everything on `dev`: somebody else's program in the way.
class ForeignXdp {
 public:
  ForeignXdp(const NetNs& ns, const std::string& dev);
  int program_id() const { return id_; }

 private:
  UniqueFd program_;
  UniqueFd link_;
  int id_ = 0;
};

}  // namespace xvnet::test
