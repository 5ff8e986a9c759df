// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include "cli/output.h"

namespace xvnet::cli {

// Tables with a header line.
class TextOutput : public Output {
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

// One line per object with the most important columns, and no header. In an overview the first word
// is the kind of the object.
class BriefOutput : public Output {
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
