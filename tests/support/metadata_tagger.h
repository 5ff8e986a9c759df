// SPDX-License-Identifier: BSD-2-Clause
//
// Makes a veth end send its frames with a VLAN tag in metadata, as a VLAN sub-interface does on a
// card with tx-vlan offload. A kernel without 8021q has no such sub-interface, so a short tc
// program replaces it.
#pragma once

#include <string>

#include "frame.h"
#include "netns.h"
#include "process.h"

namespace xvnet::test {

class MetadataTagger {
 public:
  // Tags every frame that `dev` sends until destruction. It uses a clsact filter, which every
  // kernel has.
  MetadataTagger(const NetNs& ns, const std::string& dev, const VlanTag& tag);
  ~MetadataTagger();
  MetadataTagger(const MetadataTagger&) = delete;
  MetadataTagger& operator=(const MetadataTagger&) = delete;

 private:
  const NetNs* ns_;
  std::string dev_;
};

// Attaches an XDP program of another owner to `dev`. The program passes every frame.
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
