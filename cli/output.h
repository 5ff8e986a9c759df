// SPDX-License-Identifier: BSD-2-Clause
//
// The output of commands: aligned text for people, JSON with stable keys for programs. Every result
// ends with a newline.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "loader/base/finding.h"
#include "loader/show/view.h"

namespace xvnet::cli {

enum class Format { kText, kJson };
enum class Detail { kFull, kBrief };

class Output {
 public:
  virtual ~Output() = default;

  virtual std::string ports(const std::vector<PortView>& ports) const = 0;
  virtual std::string networks(const std::vector<NetworkView>& networks) const = 0;
  virtual std::string uplinks(const std::vector<UplinkView>& uplinks) const = 0;
  virtual std::string overview(const std::vector<PortView>& ports,
                               const std::vector<NetworkView>& networks,
                               const std::vector<UplinkView>& uplinks) const = 0;
  virtual std::string fdb(const std::vector<FdbView>& entries) const = 0;
  virtual std::string leases(const std::vector<LeaseView>& leases) const = 0;
  virtual std::string nat(const std::vector<NatView>& entries) const = 0;
  virtual std::string forwards(const std::vector<ForwardView>& forwards) const = 0;
  virtual std::string stats(const std::vector<StatsView>& stats) const = 0;
  virtual std::string findings(const std::vector<Finding>& findings) const = 0;
  // The steps of a dry run.
  virtual std::string steps(const std::vector<std::string>& steps) const = 0;
};

std::unique_ptr<Output> make_output(Format format, Detail detail);

const char* format_health(Health health);  // "ok", "warn", "fail"

}  // namespace xvnet::cli
