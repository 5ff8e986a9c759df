// SPDX-License-Identifier: BSD-2-Clause
//
// Runs a recipe on real devices. The programs are attached as xvnet attaches them, frames are
// written to the TAPs, and the frames that leave every device are compared with the model. So these
// tests see the tag that tc keeps in metadata. They also check that a host in XDP mode delivers the
// same frames as one in tc mode.
//
// Frames from the host and frames with xvnet's mark are skipped, because a TAP cannot send them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "capture.h"
#include "recipe.h"
#include "trial.h"

namespace xvnet::test {

class Delivery {
 public:
  // The mode of every port and of the uplink. In XDP mode, the tc programs are attached too.
  Delivery(Rig& rig, Hook mode);

  // Like try_recipe() of trial.h.
  std::vector<std::string> try_recipe(const Recipe& recipe, const Observer& observe = {});

 private:
  using Arrived = std::map<std::string, std::multiset<Bytes>>;

  void attach(Program program, const std::string& name, Hook mode);
  void filter(const std::string& name, int program, TcPoint point, uint32_t priority);
  std::string send(const Sent& sent, const Observer& observe);
  Arrived arrived(const Arrived& expected);

  Rig& rig_;
  UniqueFd to_host_;  // sends frames that are left to the host out at "host"
  std::vector<std::unique_ptr<TcFilter>> filters_;
  std::vector<std::unique_ptr<XdpAttachment>> attachments_;
};

}  // namespace xvnet::test
