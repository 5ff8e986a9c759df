// SPDX-License-Identifier: BSD-2-Clause
//
// Acts as every machine around a host, and each of them is hostile. It starts as soon as a device
// exists, and again when the device is made anew. It floods frames with all kinds of tags, and
// records what it receives.
//
// lookout FILE PLACE...      PLACE: tap,NAME,MAC or wire,NETNS,DEV[,MAC] or stack
//
// The end of a wire without a MAC and the host's own stack only receive. FILE gets each of these
// lines once:
//
//   heard PLACE MAC TAGS    a hostile frame with this source MAC and these tags came out at a place
//   there PLACE             the place was opened
//   sent PLACE              a frame was sent there
//
// SIGHUP discards the records and begins FILE again.
#include <fmt/format.h>
#include <linux/if_ether.h>
#include <net/if.h>
#include <poll.h>

#include <csignal>
#include <fstream>
#include <functional>
#include <ranges>
#include <sstream>
#include <thread>

#include "everywhere.h"
#include "packet_socket.h"
#include "tap.h"

namespace xvnet::test {
namespace {

// A pause between rounds, because even an emulated host must make progress beside the flood.
constexpr auto kPause = std::chrono::milliseconds(20);
constexpr std::array<std::uint16_t, 4> kVids = {10, 20, 30, 100};
constexpr const char* kOurMacs = "02:00:00:66:";
constexpr const char* kHost = "/proc/1/ns/net";

volatile std::sig_atomic_t is_to_forget = 0;

class Log {
 public:
  explicit Log(std::string path) : path_(std::move(path)) { begin(); }
  void begin() {
    said_.clear();
    file_ = std::ofstream(path_, std::ios::trunc);
  }
  void say(const std::string& line) {
    if (said_.insert(line).second) file_ << line << '\n' << std::flush;
  }

 private:
  std::string path_;
  std::ofstream file_;
  std::set<std::string> said_;
};

// An open place. Its sockets close with it.
struct Opening {
  std::function<std::optional<Received>()> receive;
  std::function<int(const Frame&)> send;
};

// Under emulation, a receive() without a frame costs more than all other work of a round.
template <typename Ear>
std::optional<Received> receive_if_any(Ear& ear) {
  pollfd poll_fd{.fd = ear.fd(), .events = POLLIN, .revents = 0};
  return poll(&poll_fd, 1, 0) > 0 ? ear.receive() : std::nullopt;
}

Opening open_tap(const NetNs& ns, const std::string& dev) {
  auto tap = std::make_shared<Tap>(ns, dev);
  return {[tap] { return receive_if_any(*tap); },
          [tap](const Frame& frame) { return tap->try_send(frame); }};
}

Opening open_wire(const NetNs& ns, const std::string& dev) {
  auto wire = std::make_shared<PacketSocket>(ns, dev);
  return {[wire] { return receive_if_any(*wire); },
          [wire](const Frame& frame) { return wire->try_send(frame); }};
}

// One socket for each ethertype. An ETH_P_ALL socket would also get frames that a tc program drops
// later.
Opening open_stack(const NetNs& ns, const std::string&) {
  std::vector<std::shared_ptr<PacketSocket>> ears;
  for (const auto type : stack_ethertypes())
    ears.push_back(std::make_shared<PacketSocket>(ns, "", SocketOptions{.protocol = type}));
  const auto receive = [ears]() -> std::optional<Received> {
    for (const auto& ear : ears)
      if (auto received = receive_if_any(*ear)) return received;
    return std::nullopt;
  };
  return {receive, nullptr};
}

std::string tags_of(const Bytes& frame) {
  std::string tags;
  std::size_t at = std::size_t{2} * ETH_ALEN;
  for (; at + 4 <= frame.size(); at += 4) {
    const auto type = get_be16(frame, at);
    if (type != ETH_P_8021Q && type != ETH_P_8021AD) break;
    tags +=
        fmt::format("{}{:04x}.{}", tags.empty() ? "" : ",", type, get_be16(frame, at + 2) & 0xfff);
  }
  return tags.empty() ? "-" : tags;
}

std::vector<std::string> split(const std::string& word) {
  std::vector<std::string> fields;
  std::istringstream stream(word);
  for (std::string field; std::getline(stream, field, ',');) fields.push_back(field);
  return fields;
}

class Place {
 public:
  static Place parse(const std::string& word) {
    const auto fields = split(word);
    if (word == "stack") return {word, kHost, "lo", "", open_stack};
    if (fields.size() == 3 && fields[0] == "tap")
      return {fields[1], kHost, fields[1], fields[2], open_tap};
    if (fields.size() >= 3 && fields[0] == "wire")
      return {fields[1], "/run/netns/" + fields[1], fields[2], fields.size() == 4 ? fields[3] : "",
              open_wire};
    throw SetupError("no place: \"" + word + "\"");
  }

  const std::string& mac() const { return mac_; }
  void send_as(std::vector<Frame> frames) { frames_ = std::move(frames); }

  // Opens the place when its device appears, sends a round of frames, and receives.
  void visit(Log& log) {
    try {
      if (is_open(log)) exchange(log);
    } catch (const SetupError&) {
      // The device has just vanished or cannot be opened yet.
      opening_.reset();
    }
  }

 private:
  using Open = Opening (*)(const NetNs&, const std::string&);

  Place(std::string name, const std::string& ns, std::string dev, std::string mac, Open open)
      : name_(std::move(name)),
        ns_(std::make_unique<NetNs>(ns)),
        dev_(std::move(dev)),
        mac_(std::move(mac)),
        open_(open) {}

  bool is_open(Log& log) {
    const auto now = ns_->in([this] { return if_nametoindex(dev_.c_str()); });
    if (now != ifindex_) opening_.reset();
    ifindex_ = now;
    if (!opening_ && now != 0) {
      opening_ = open_(*ns_, dev_);
      log.say("there " + name_);
    }
    return opening_.has_value();
  }

  void exchange(Log& log) {
    for (const Frame& frame : frames_)
      if (opening_->send(frame) == 0) log.say("sent " + name_);
    while (const auto received = opening_->receive()) {
      const std::string from = mac_text(received->bytes, ETH_ALEN);
      if (from.starts_with(kOurMacs))
        log.say(fmt::format("heard {} {} {}", name_, from, tags_of(received->bytes)));
    }
  }

  std::string name_;
  std::unique_ptr<NetNs> ns_;
  std::string dev_;
  std::string mac_;
  Open open_;
  unsigned ifindex_ = 0;
  std::optional<Opening> opening_;
  std::vector<Frame> frames_;
};

std::vector<Frame> hostile_frames(const std::string& from, const std::string& victim) {
  std::vector<Frame> frames;
  for (const std::string& to : {std::string(kBroadcast), victim}) {
    const Ends ends = Ends::between(from, to);
    frames.push_back(udp4(ends));
    frames.push_back(arp_request(ends));
    for (const std::uint16_t vid : kVids) {
      frames.push_back(udp4(ends).tagged(vid));
      frames.push_back(udp4(ends).tagged({.vid = vid, .tpid = ETH_P_8021AD}));
      frames.push_back(udp4(ends).tagged(kVids.front()).tagged(vid));
    }
  }
  return frames;
}

// Each place attacks the next one, which is usually another tenant.
void set_upon_each_other(std::vector<Place>& places) {
  for (std::size_t at = 0; at < places.size(); ++at) {
    const std::string& victim = places[(at + 1) % places.size()].mac();
    if (!places[at].mac().empty())
      places[at].send_as(hostile_frames(places[at].mac(), victim.empty() ? kBroadcast : victim));
  }
}

void look_out(const std::string& file, std::vector<Place> places) {
  Log log(file);
  set_upon_each_other(places);
  std::signal(SIGHUP, [](int) { is_to_forget = 1; });
  while (true) {
    // Frames that were sent before SIGHUP are received in this round and discarded with it.
    const bool is_over = is_to_forget != 0;
    for (Place& place : places) place.visit(log);
    if (is_over) {
      log.begin();
      is_to_forget = 0;
    }
    std::this_thread::sleep_for(kPause);
  }
}

}  // namespace
}  // namespace xvnet::test

int main(int argc, char** argv) {
  using namespace xvnet::test;
  const std::vector<std::string> words(argv + 1, argv + argc);
  try {
    if (words.size() < 2) throw SetupError("usage: lookout FILE PLACE...");
    std::vector<Place> places;
    for (const auto& word : words | std::views::drop(1)) places.push_back(Place::parse(word));
    look_out(words.front(), std::move(places));
  } catch (const std::exception& error) {
    fmt::print(stderr, "lookout: {}\n", error.what());
  }
  return 1;
}
