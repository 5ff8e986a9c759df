// SPDX-License-Identifier: BSD-2-Clause
//
// Listens at every place where a frame could come out. A test sends a frame, flushes, and asks
// where its marker was seen. The test fails unless these are exactly the places where the frame may
// be.
//
// No timeout decides that a frame "did not arrive". A sentinel is sent to each place behind the
// frames under test, on the same queue, and must arrive. All kernel work for these frames runs on
// one CPU, so it runs in order. A frame that makes several hops is covered by as many rounds of
// sentinels.
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

  // Each add() waits until the device, if it is up, can send to the place.
  //
  // Adds the VM behind a TAP. `tap` must outlive this object.
  void add(const std::string& place, Tap& tap);
  // Adds the end of a wire. `near` is the interface whose transmissions arrive at this end.
  void add(const std::string& place, PacketSocket& ear, const NetNs& near_ns,
           const std::string& near_dev);
  // Adds a host's stack: the frames that reach it from any device, after the tc programs.
  void add_stack(const std::string& place, const NetNs& host);

  // Waits until all devices that are up now can send, including those that were set up after add().
  void settle() const;

  // After a flush, seen() and similar functions know all frames that were sent before.
  void flush();
  // Waits for a frame on a path that the sentinels do not take. False if it does not arrive.
  bool wait_for(const std::string& place, const Marker& marker);

  // The places at which the marker was seen.
  std::set<std::string> places(const Marker& marker) const;
  // The frames with the marker at one place, in order.
  std::vector<Received> seen(const std::string& place, const Marker& marker) const;
  // Everything that came out at a place, marked or not.
  const std::vector<Received>& all(const std::string& place) const;
  // Discards all frames seen so far.
  void forget();

 private:
  struct Place {
    std::string name;
    std::function<std::optional<Received>()> receive;
    std::function<bool(const Frame&)> send_sentinel;  // returns false if the device is down
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

// The ethertypes that add_stack() listens to. It cannot see frames of other ethertypes.
const std::vector<uint16_t>& stack_ethertypes();

}  // namespace xvnet::test
