// SPDX-License-Identifier: BSD-2-Clause
//
// A recipe on real devices: the programs are attached as xvnet attaches them, frames are written to
// the TAPs, and what comes out of every device is compared with the model. So the tag that tc keeps
// beside the frame is seen, and that a host in XDP mode gives the same as one in tc mode.
//
// Left out is what the host sends, and what carries xvnet's mark: neither comes from a TAP.
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
  // The mode of every port and of the uplink. XDP has the tc programs behind it.
  Delivery(Rig& rig, Hook mode);

  // As try_recipe() of trial.h.
  std::vector<std::string> try_recipe(const Recipe& recipe, const Observer& observe = {});

 private:
  using Arrived = std::map<std::string, std::multiset<Bytes>>;

  void attach(Program program, const std::string& name, Hook mode);
  void filter(const std::string& name, int program, TcPoint point, uint32_t priority);
  std::string send(const Sent& sent, const Observer& observe);
  Arrived arrived(const Arrived& expected);

  Rig& rig_;
  UniqueFd to_host_;  // gives what is left to the host out at "host"
  std::vector<std::unique_ptr<TcFilter>> filters_;
  std::vector<std::unique_ptr<XdpAttachment>> attachments_;
};

}  // namespace xvnet::test
