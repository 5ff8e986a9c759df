// SPDX-License-Identifier: BSD-2-Clause
//
// Latency of a request and its response, at several loads of the one CPU that carries both.
// Requests become due at random (exponential gaps), whether or not the previous one was answered.
// Their time counts from then, so a request that waits for a late one is late too. The same thread
// sends, answers and polls, so the result is the latency of the stack and not of the scheduler.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <random>
#include <thread>

#include "pmu.h"
#include "quantities.h"

namespace xvnet::bench {

namespace {

using Clock = std::chrono::steady_clock;
using Microseconds = std::chrono::duration<double, std::micro>;

// Windows are short, because a window in which the thread left its CPU does not count.
constexpr auto kLatencyWindow = std::chrono::milliseconds(1);
constexpr int kLatencyWindows = 500;
constexpr int kTriesOfAWindow = 500;  // attempts for each window that counts
constexpr int kWarmUpRequests = 32;   // requests: other stacks have used the caches
constexpr auto kPatience = std::chrono::seconds(2);
constexpr size_t kInFlight = 256;  // fits the queue of a TAP
constexpr size_t kVmFrame = 60;
constexpr size_t kWireFrame = 64;
constexpr int kLoads[] = {10, 50, 90};  // per cent of the load that the bridge can carry

// Each frame is sent from where the other arrives.
struct Exchange {
  Shot request, response;
};

bool take(int fd) {
  static char buffer[test::kLargestFrame];
  return read(fd, buffer, sizeof(buffer)) > 0;
}

void send(const Shot& shot) {
  if (write(shot.fd, shot.bytes->data(), shot.bytes->size()) < 0) test::throw_errno("asking");
}

// Both ends, and the due times of open requests. Responses arrive in the order of the requests.
class Conversation {
 public:
  explicit Conversation(const Exchange& exchange) : exchange_(exchange) {}

  bool has_room() const { return due_.size() < kInFlight; }

  void ask(Clock::time_point due) {
    send(exchange_.request);
    due_.push_back(due);
  }

  void go_on() {
    if (due_.empty()) return;
    if (take(exchange_.response.fd)) send(exchange_.response);
    if (!take(exchange_.request.fd)) return;
    latencies_us_.push_back(Microseconds(Clock::now() - due_.front()).count());
    due_.pop_front();
  }

  std::vector<double> finish() {
    const auto end = Clock::now() + kPatience;
    while (!due_.empty()) {
      go_on();
      if (Clock::now() > end) throw test::SetupError("asking: an answer did not come");
    }
    return std::move(latencies_us_);
  }

 private:
  const Exchange& exchange_;
  std::deque<Clock::time_point> due_;
  std::vector<double> latencies_us_;
};

void warm_up(const Exchange& exchange) {
  Conversation conversation(exchange);
  for (int i = 0; i < kWarmUpRequests; i++) conversation.ask(Clock::now());
  conversation.finish();
}

// Returns how many requests are answered if each is sent as soon as the queue allows.
size_t saturate(const Exchange& exchange) {
  Conversation conversation(exchange);
  for (const auto end = Clock::now() + kLatencyWindow; Clock::now() < end; conversation.go_on())
    conversation.ask(Clock::now());
  return conversation.finish().size();
}

std::vector<double> latencies_at(const Exchange& exchange, double rate, std::mt19937& random) {
  std::exponential_distribution<double> gap_s(rate);
  const auto gap = [&] {
    return std::chrono::duration_cast<Clock::duration>(
        std::chrono::duration<double>(gap_s(random)));
  };
  warm_up(exchange);
  Conversation conversation(exchange);
  auto next = Clock::now() + gap();
  for (const auto end = Clock::now() + kLatencyWindow; next < end; conversation.go_on()) {
    if (!conversation.has_room() || Clock::now() < next) continue;
    conversation.ask(next);
    next += gap();
  }
  return conversation.finish();
}

// Repeats the work until it was not disturbed.
template <typename Work>
auto undisturbed(const Work& work) {
  Pmu pmu;
  for (int tried = 0; tried < kTriesOfAWindow; tried++) {
    check_interrupted();
    // A thread that has slept gets a new time slice, which is longer than a window.
    std::this_thread::sleep_for(std::chrono::microseconds(1));
    pmu.start();
    auto found = work();
    if (pmu.stop().switches == 0) return found;
  }
  throw test::SetupError("measuring latency: other tasks take this CPU in nearly every window");
}

struct Asked {
  std::string name;
  Exchange exchange;
  std::vector<double> latencies_us = {};
};

void add_quantiles(const std::string& what, std::vector<double> latencies_us, Results& results) {
  std::ranges::sort(latencies_us);
  for (const size_t per_cent : {size_t{50}, size_t{99}})
    results.add(fmt::format("latency p{} {}", per_cent, what),
                {latencies_us.at(latencies_us.size() * per_cent / 100), "µs"});
}

// The stacks take turns, one window each, so that other load affects all of them.
void measure_load(const std::string& path, std::vector<Asked> all, int load, double rate,
                  Results& results) {
  std::mt19937 random(1);
  for (int window = 0; window < kLatencyWindows; window++) {
    for (Asked& asked : all) {
      const auto found = undisturbed([&] { return latencies_at(asked.exchange, rate, random); });
      asked.latencies_us.insert(asked.latencies_us.end(), found.begin(), found.end());
    }
  }
  for (const Asked& asked : all)
    add_quantiles(fmt::format("at {} % load, {}, {}", load, path, asked.name), asked.latencies_us,
                  results);
}

double answers_a_second(const Exchange& exchange) {
  std::vector<size_t> counts(kLatencyWindows);
  for (size_t& count : counts) count = undisturbed([&] { return saturate(exchange); });
  const auto middle = counts.begin() + kLatencyWindows / 2;
  std::ranges::nth_element(counts, middle);
  return static_cast<double>(*middle) / std::chrono::duration<double>(kLatencyWindow).count();
}

Exchange between(const Traffic& there, const Traffic& back) {
  for (const Traffic* traffic : {&there, &back})
    for (Place* out : traffic->outs) out->drain();
  return {there.shots.front(), back.shots.front()};
}

Exchange between_two_vms(Stack& stack) {
  const Traffic there = between_vms(stack, kVmFrame, 0, 1);
  return between(there, between_vms(stack, kVmFrame, 1, 0));
}

Exchange over_the_uplink(Stack& stack) {
  const Traffic there = to_wire(stack, kWireFrame, Tagged::kYes);
  return between(there, from_wire(stack, kWireFrame, Tagged::kYes));
}

void measure_path(const std::string& path, const Layout& layout, Tagging tagging,
                  Exchange (*exchange)(Stack&), Results& results) {
  XvnetStack xdp(layout, {.mode = "xdp", .guest_offloads = false});
  XvnetStack tc(layout, {});
  BridgeStack bridge(layout, {.tagging = tagging});
  const std::vector<Asked> all = {
      {"xvnet xdp", exchange(xdp)}, {"xvnet tc", exchange(tc)}, {"bridge", exchange(bridge)}};
  const double most = answers_a_second(all.back().exchange);
  results.add("answers at full load, " + path + ", bridge", {most, "1/s"});
  for (const int load : kLoads) measure_load(path, all, load, most * load / 100, results);
}

}  // namespace

void measure_latency(Results& results) {
  measure_path("VM to VM", {}, Tagging::kNone, between_two_vms, results);
  measure_path("VLAN uplink", {.wire = Wire::kTap}, Tagging::kTc, over_the_uplink, results);
}

}  // namespace xvnet::bench
