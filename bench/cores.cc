// SPDX-License-Identifier: BSD-2-Clause
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <barrier>
#include <chrono>
#include <functional>
#include <thread>

#include "pmu.h"
#include "quantities.h"

namespace xvnet::bench {

namespace {

constexpr int kWindows = 7;
constexpr auto kWindow = std::chrono::milliseconds(300);
constexpr size_t kFrameSize = 60;

// A sender and its receiver, both on one CPU.
struct Lane {
  Place* out;
  Shot shot;
};

std::vector<Lane> make_lanes(Stack& stack, size_t count) {
  std::vector<Lane> lanes;
  for (size_t lane = 0; lane < count; lane++) {
    Traffic traffic = between_vms(stack, kFrameSize, 2 * lane, 2 * lane + 1);
    lanes.push_back({traffic.outs.front(), traffic.shots.front()});
  }
  return lanes;
}

// One round of a core's work. Returns the amount of work.
using Work = std::function<uint64_t(size_t core)>;

uint64_t carry_burst(const Lane& lane) {
  for (size_t i = 0; i < kBurst; i++)
    if (write(lane.shot.fd, lane.shot.bytes->data(), lane.shot.bytes->size()) < 0) break;
  return lane.out->drain();
}

// The reference: what the machine achieves on two cores with independent work.
uint64_t call_the_kernel(size_t) {
  constexpr uint64_t kCalls = 1000;
  for (uint64_t i = 0; i < kCalls; i++) syscall(SYS_getppid);
  return kCalls;
}

uint64_t fill_window(const Work& work, size_t core) {
  uint64_t done = 0;
  const auto end = std::chrono::steady_clock::now() + kWindow;
  while (std::chrono::steady_clock::now() < end) done += work(core);
  return done;
}

// The best of several windows, because other load on the machine only reduces the rate. Per second,
// for all cores.
double best_rate(const Work& work, size_t used) {
  const std::vector<int>& cpus = allowed_cpus();
  uint64_t best = 0;
  for (int window = 0; window < kWindows; window++) {
    check_interrupted();
    std::atomic<uint64_t> total = 0;
    std::barrier start(static_cast<std::ptrdiff_t>(used));
    std::vector<std::jthread> threads;
    threads.reserve(used);
    for (size_t core = 0; core < used; core++) {
      threads.emplace_back([&, core] {
        stay_on_cpu(cpus.at(core));
        start.arrive_and_wait();
        total += fill_window(work, core);
      });
    }
    threads.clear();
    best = std::max(best, total.load());
  }
  return static_cast<double>(best) / std::chrono::duration<double>(kWindow).count();
}

void measure_work(const std::string& name, const Work& work, const char* unit, Results& results) {
  results.add("1 core, " + name, {best_rate(work, 1), unit});
  results.add("2 cores, " + name, {best_rate(work, 2), unit});
}

void measure_stack(const std::string& name, Stack& stack, Results& results) {
  const std::vector<Lane> lanes = make_lanes(stack, 2);
  measure_work(name, [&](size_t core) { return carry_burst(lanes.at(core)); }, "frames/s", results);
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
  {
    BridgeStack bridge(layout, {});
    measure_stack("bridge", bridge, results);
  }
  measure_work("getppid()", call_the_kernel, "calls/s", results);
}

}  // namespace xvnet::bench
