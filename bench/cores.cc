// SPDX-License-Identifier: BSD-2-Clause
#include <algorithm>
#include <atomic>
#include <barrier>
#include <chrono>
#include <thread>

#include "pmu.h"
#include "quantities.h"

namespace xvnet::bench {

namespace {

constexpr int kWindows = 7;
constexpr auto kWindow = std::chrono::milliseconds(300);
constexpr size_t kFrameSize = 60;

// A sender and a receiver of its own, on one CPU.
struct Lane {
  Place* out;
  Shot shot;
};

std::vector<Lane> make_lanes(Stack& stack, size_t count) {
  std::vector<Lane> lanes;
  for (size_t lane = 0; lane < count; lane++) {
    Traffic traffic = between_vms(stack, kFrameSize, 2 * lane);
    lanes.push_back({traffic.outs.front(), traffic.shots.front()});
  }
  return lanes;
}

// Frames that arrived until the window closed.
uint64_t fill_window(const Lane& lane) {
  uint64_t arrived = 0;
  const auto end = std::chrono::steady_clock::now() + kWindow;
  while (std::chrono::steady_clock::now() < end) {
    for (size_t i = 0; i < kBurst; i++)
      if (write(lane.shot.fd, lane.shot.bytes->data(), lane.shot.bytes->size()) < 0) break;
    arrived += lane.out->drain();
  }
  return arrived;
}

// The best of some windows: what else the machine does only takes away. Frames a second of all.
double best_rate(const std::vector<Lane>& lanes, size_t used) {
  const std::vector<int>& cpus = allowed_cpus();
  uint64_t best = 0;
  for (int window = 0; window < kWindows; window++) {
    check_interrupted();
    std::atomic<uint64_t> total = 0;
    std::barrier start(static_cast<std::ptrdiff_t>(used));
    std::vector<std::jthread> threads;
    threads.reserve(used);
    for (size_t lane = 0; lane < used; lane++) {
      threads.emplace_back([&, lane] {
        stay_on_cpu(cpus.at(lane));
        start.arrive_and_wait();
        total += fill_window(lanes.at(lane));
      });
    }
    threads.clear();
    best = std::max(best, total.load());
  }
  return static_cast<double>(best) / std::chrono::duration<double>(kWindow).count();
}

void measure_stack(const std::string& name, Stack& stack, Results& results) {
  const std::vector<Lane> lanes = make_lanes(stack, 2);
  results.add("1 core, " + name, {best_rate(lanes, 1), "frames/s"});
  results.add("2 cores, " + name, {best_rate(lanes, 2), "frames/s"});
}

}  // namespace

void measure_cores(Results& results) {
  if (allowed_cpus().size() < 2) throw test::SetupError("measuring two cores: there is one");
  const Layout layout{.vms = 4};
  {
    XvnetStack xdp(layout, {.mode = "xdp", .guest_offloads = false});
    measure_stack("xvnet xdp", xdp, results);
  }
  {
    XvnetStack tc(layout, {});
    measure_stack("xvnet tc", tc, results);
  }
  BridgeStack bridge(layout, {});
  measure_stack("bridge", bridge, results);
}

}  // namespace xvnet::bench
