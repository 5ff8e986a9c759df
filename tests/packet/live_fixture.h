// SPDX-License-Identifier: BSD-2-Clause
//
// A fixture for what a test run cannot show: the target of a redirect, and tags and offloads in an
// skb's metadata. The program is attached to a real device. Frames are written to the device as a
// VM or the wire would send them, and every device is read.
//
// "host" shows the frames that a port, the uplink or the device `stranger` leaves to the host's
// stack. Only the tested hook's program is attached, so under XDP "host" also shows the frames that
// are left to tc.
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

  // Attaches from_vm to every port, and the uplink's programs to "up".
  void attach_all();
  // Sends as the VM of a port, or as the wire at "up".
  void send(const std::string& name, const Frame& frame) { rig_.tap(name).send(frame); }
  // Where copies of the frame came out, also if they were changed on the way.
  Places places(const Frame& frame);
  // The frames that came out at a place, as that place sees them.
  Frames seen(const std::string& name, const Frame& frame);
  // The counters that changed since the start of the test, without byte counters.
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
