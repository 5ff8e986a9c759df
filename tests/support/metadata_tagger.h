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
  // Tags all that `dev` sends from now on until destruction, by a clsact filter, which every kernel
  // has.
  MetadataTagger(const NetNs& ns, const std::string& dev, const VlanTag& tag);
  ~MetadataTagger();
  MetadataTagger(const MetadataTagger&) = delete;
  MetadataTagger& operator=(const MetadataTagger&) = delete;

 private:
  const NetNs* ns_;
  std::string dev_;
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
