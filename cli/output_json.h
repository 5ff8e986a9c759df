// SPDX-License-Identifier: BSD-2-Clause
//
// JSON output: one line of ASCII with an array of objects; for an overview, one object. Bytes that
// are not UTF-8 become U+FFFD.
#pragma once

#include "cli/output.h"

namespace xvnet::cli {

class JsonOutput : public Output {
 public:
  std::string ports(const std::vector<PortView>& ports) const override;
  std::string networks(const std::vector<NetworkView>& networks) const override;
  std::string uplinks(const std::vector<UplinkView>& uplinks) const override;
  std::string overview(const std::vector<PortView>& ports, const std::vector<NetworkView>& networks,
                       const std::vector<UplinkView>& uplinks) const override;
  std::string fdb(const std::vector<FdbView>& entries) const override;
  std::string leases(const std::vector<LeaseView>& leases) const override;
  std::string nat(const std::vector<NatView>& entries) const override;
  std::string forwards(const std::vector<ForwardView>& forwards) const override;
  std::string stats(const std::vector<StatsView>& stats) const override;
  std::string findings(const std::vector<Finding>& findings) const override;
  std::string steps(const std::vector<std::string>& steps) const override;
};

}  // namespace xvnet::cli
