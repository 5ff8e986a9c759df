// SPDX-License-Identifier: BSD-2-Clause
//
// Runs in an emulated host and has that machine to itself. It carries out the requests of the tests
// outside: it runs commands, makes the tenants' containers, holds the TAPs open as their VMs would,
// sends frames, and listens at every port and in the host's stack.
#include <fcntl.h>
#include <fmt/format.h>
#include <glob.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>

#include "channel.h"
#include "everywhere.h"
#include "link.h"
#include "netns.h"
#include "packet_socket.h"
#include "tap.h"

namespace xvnet::test {
namespace {

using nlohmann::json;

constexpr const char* kHost = "host";           // the host itself, as a place and as a namespace
constexpr const char* kInside = "eth0";         // a container's end of its veth pair
constexpr const char* kPort = "/dev/vport*p1";  // the only virtio-serial port

class Agent {
 public:
  json answer(const json& request) {
    const std::string what = request.at("do");
    if (what == "run") return run(request);
    if (what == "container") return add_container(request.at("port"));
    if (what == "listen") return listen(request.at("place"));
    if (what == "send") return send(request);
    if (what == "hear") return hear();
    throw SetupError("no such request: " + request.dump());
  }

 private:
  const NetNs& ns(const std::string& name) const {
    return name == kHost ? host_ : *containers_.at(name);
  }

  json run(const json& request) const {
    CommandOptions options;
    options.netns_path = ns(request.at("in")).path();
    options.limit = std::chrono::seconds(request.at("limit_s").get<int>());
    const CommandResult result = run_command(request.at("command"), options);
    return {{"exit", result.exit_code}, {"out", result.out}, {"err", result.err}};
  }

  // The container has its own network stack with Linux's defaults.
  json add_container(const std::string& port) {
    const NetNs& inside = *(containers_[port] = std::make_unique<NetNs>(Ipv6::kNormal));
    add_veth(host_, port, inside, kInside);
    prepare_far_end(inside, kInside);
    return json::object();
  }

  json listen(const std::string& place) {
    if (place == kHost) {
      ears_.add_stack(place, host_);
    } else if (containers_.contains(place)) {
      sockets_[place] = std::make_unique<PacketSocket>(ns(place), kInside);
      ears_.add(place, *sockets_[place], host_, place);
    } else {
      taps_[place] = std::make_unique<Tap>(host_, place);
      ears_.add(place, *taps_[place]);
    }
    places_.push_back(place);
    return json::object();
  }

  json send(const json& request) {
    const std::string place = request.at("place");
    for (const json& bytes : request.at("frames")) {
      const Frame frame{bytes.get_binary(), {}, {}};
      if (taps_.contains(place)) {
        taps_.at(place)->send(frame);
      } else {
        sockets_.at(place)->send(frame);
      }
    }
    return json::object();
  }

  // The frames that came out at each place since the last call.
  json hear() {
    ears_.flush();
    json heard = json::object();
    for (const std::string& place : places_) {
      json& frames = heard[place] = json::array();
      for (const Received& received : ears_.all(place)) {
        Bytes bytes = received.finished();
        bytes.resize(std::min(bytes.size(), kKeptBytes));
        frames.push_back(json::binary(std::move(bytes)));
      }
    }
    ears_.forget();
    return heard;
  }

  // Members are destroyed from last to first: listeners before the devices that they listen to.
  NetNs host_{NetNs::Callers{}};
  std::map<std::string, std::unique_ptr<NetNs>> containers_;
  std::map<std::string, std::unique_ptr<Tap>> taps_;
  std::map<std::string, std::unique_ptr<PacketSocket>> sockets_;
  std::vector<std::string> places_;
  Everywhere ears_;
};

UniqueFd open_port() {
  glob_t found{};
  const bool is_there = glob(kPort, 0, nullptr, &found) == 0;
  UniqueFd port(is_there ? open(found.gl_pathv[0], O_RDWR | O_CLOEXEC) : -1);
  globfree(&found);
  if (!port) throw_errno(fmt::format("opening {}", kPort));
  return port;
}

[[noreturn]] void serve() {
  Channel channel(open_port());
  Agent agent;
  for (;;) {
    const json request = channel.receive();
    try {
      channel.send(agent.answer(request));
    } catch (const std::exception& error) {
      channel.send({{"error", error.what()}});
    }
  }
}

}  // namespace
}  // namespace xvnet::test

int main() {
  try {
    xvnet::test::serve();
  } catch (const std::exception& error) {
    fmt::print(stderr, "host_agent: {}\n", error.what());
    return 1;
  }
}
