// SPDX-License-Identifier: BSD-2-Clause
//
// Ears at every place a frame could come out. A test sends, flushes, and asks where a marker was
// seen: at exactly the places where it may be, or the test fails.
//
// "It did not arrive" is decided without waiting for time to pass: a sentinel is sent behind the
// frames under test to each place, on the same queue, and has to arrive there. All work of the
// kernel for these frames is done on one CPU, in the order in which it was caused; a frame that
// makes several hops is let through by as many rounds of sentinels.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "packet_socket.h"
#include "tap.h"

namespace xvnet::test {

class Everywhere {
 public:
  Everywhere();  // pins the calling thread to one CPU until destruction
  ~Everywhere();
  Everywhere(const Everywhere&) = delete;
  Everywhere& operator=(const Everywhere&) = delete;

  // Each waits until the device, when it is up, is ready to send to the place.
  // The virtual machine behind a TAP. `tap` must live as long as this.
  void add(const std::string& place, Tap& tap);
  // The end of a wire; `near` is the interface whose transmissions arrive at it.
  void add(const std::string& place, PacketSocket& ear, const NetNs& near_ns,
           const std::string& near_dev);
  // What a host's own stack gets, from any device: after the tc programs had their say.
  void add_stack(const std::string& place, const NetNs& host);

  // Waits until all devices that are up now are ready to send; for those set up after add().
  void settle() const;

  // After this, seen() and the like know of all frames sent before.
  void flush();
  // Waits for a frame that has to come by a way the sentinels do not take. False: it did not.
  bool wait_for(const std::string& place, const Marker& marker);

  // The places at which the marker was seen.
  std::set<std::string> places(const Marker& marker) const;
  // The frames with the marker at one place, in order.
  std::vector<Received> seen(const std::string& place, const Marker& marker) const;
  // Everything that came out at a place, marked or not.
  const std::vector<Received>& all(const std::string& place) const;
  // Forgets what was seen so far.
  void forget();

 private:
  struct Place {
    std::string name;
    std::function<std::optional<Received>()> receive;
    std::function<bool(const Frame&)> send_sentinel;  // false: the way is down
    const NetNs* near_ns;
    std::string near_dev;
    std::vector<Received> seen;
  };
  struct Stack;

  void add_place(const std::string& place, std::function<std::optional<Received>()> receive,
                 const NetNs& near_ns, const std::string& near_dev);
  static void await_ready(const Place& place);
  void drain(Place& place);
  void await(Place& place, const Marker& sentinel);
  const Place& find(const std::string& name) const;

  std::vector<std::unique_ptr<Place>> places_;
  std::vector<std::unique_ptr<Stack>> stacks_;
  std::vector<std::unique_ptr<PacketSocket>> sentinel_sockets_;
  std::vector<int> former_cpus_;
};

// The ethertypes that a stack ear hears; tests that send another cannot tell that it got there.
const std::vector<uint16_t>& stack_ethertypes();

}  // namespace xvnet::test
