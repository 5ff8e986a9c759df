// SPDX-License-Identifier: BSD-2-Clause
//
// For what a test run cannot show: where a redirect goes to, tags and offloads in an skb's
// metadata. The program is put on a real device, frames are written to it as a VM or the wire
// would, and every device is listened to.
//
// At "host" comes out what a port, the uplink or the stranger's device gives to the host's stack.
// Only the hook's own program is there, so under XDP that is also what is left to tc.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "capture.h"
#include "everywhere.h"
#include "pipeline_fixture.h"

namespace xvnet::test {

using Places = std::set<std::string>;

class Live : public Pipeline {
 protected:
  Live();

  // Puts from_vm on every port and the uplink's programs on "up".
  void attach_all();
  // What the VM of a port, or the wire at "up", sends.
  void send(const std::string& name, const Frame& frame) { rig_.tap(name).send(frame); }
  // Where copies of the frame came out, whatever became of them on the way.
  Places places(const Frame& frame);
  // The frames that came out at a place, as it sees them.
  Frames seen(const std::string& name, const Frame& frame);
  // What moved since the start of the test, byte counters left out.
  Counts counted() const;

 private:
  void attach(Program program, const std::string& name);
  void filter(const std::string& name, int program, TcPoint point, uint32_t priority);

  Counts before_;
  Everywhere ears_;
  UniqueFd redirect_to_host_;
  std::vector<std::unique_ptr<TcFilter>> filters_;
  std::vector<std::unique_ptr<XdpAttachment>> attachments_;
};

}  // namespace xvnet::test
