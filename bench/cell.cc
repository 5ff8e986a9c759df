// SPDX-License-Identifier: BSD-2-Clause
#include "cell.h"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>

#include "pmu.h"

namespace xvnet::bench {

namespace {

constexpr double kMedian = 0.5;
constexpr double kUndisturbed = 0.1;
constexpr int kWarmUps = 8;
// If more rounds than this are disturbed for each that counts, the machine is too busy.
constexpr int kDisturbedLimit = 50;

// A frame that arrives later counts as lost.
constexpr auto kLate = std::chrono::seconds(1);

volatile sig_atomic_t interrupted = 0;

void on_signal(int) { interrupted = 1; }

double quantile(std::vector<double> values, double where) {
  std::ranges::sort(values);
  return values.at(
      static_cast<size_t>(std::lround(where * static_cast<double>(values.size() - 1))));
}

double spread(const std::vector<double>& values) {
  return (quantile(values, 0.75) - quantile(values, 0.25)) / quantile(values, kMedian);
}

void drain(const Traffic& traffic) {
  for (Place* out : traffic.outs) out->drain();
}

// Sends a burst and counts its cost. Frames wait at the receivers meanwhile.
Count run_round(Traffic& traffic, Pmu& pmu) {
  if (traffic.renew) traffic.renew(traffic.shots);
  bool refused = false;
  pmu.start();
  for (const Shot& shot : traffic.shots)
    refused |= write(shot.fd, shot.bytes->data(), shot.bytes->size()) < 0;
  Count count = pmu.stop();
  // A write succeeds even if an XDP program drops the frame; it fails if a queue is full.
  if (refused) test::throw_errno("sending a burst");
  uint64_t arrived = 0;
  const auto all_have_come = [&] {
    for (Place* out : traffic.outs) arrived += out->drain();
    return arrived >= traffic.arriving;
  };
  // Frames that ksoftirqd still has to deliver are not lost, but their cost was not counted.
  if (!all_have_come() && test::eventually(all_have_come, kLate)) count.switches++;
  if (arrived != traffic.arriving)
    throw test::SetupError(fmt::format("sending a burst: {} of {} frames arrived, and not {}",
                                       arrived, traffic.shots.size(), traffic.arriving));
  return count;
}

}  // namespace

Measurement measure(Traffic& traffic, int rounds) {
  Pmu pmu;
  drain(traffic);
  for (int i = 0; i < kWarmUps; i++) run_round(traffic, pmu);
  std::vector<double> instructions, cycles, nanoseconds;
  for (int tried = 0; static_cast<int>(nanoseconds.size()) < rounds; tried++) {
    check_interrupted();
    if (tried > rounds * kDisturbedLimit)
      throw test::SetupError("measuring: other tasks take this CPU in nearly every round");
    const Count count = run_round(traffic, pmu);
    if (count.switches != 0) continue;
    const auto frames = static_cast<double>(traffic.shots.size());
    nanoseconds.push_back(static_cast<double>(count.nanoseconds) / frames);
    if (!count.hardware) continue;
    instructions.push_back(static_cast<double>(count.hardware->instructions) / frames);
    cycles.push_back(static_cast<double>(count.hardware->cycles) / frames);
  }
  for (Place* out : traffic.outs) out->listen();
  Measurement result;
  result.rounds = rounds;
  result.frames = traffic.shots.size();
  result.cost.nanoseconds = quantile(nanoseconds, kUndisturbed);
  if (pmu.has_hardware()) {
    result.cost.instructions = quantile(instructions, kMedian);
    result.cost.cycles = quantile(cycles, kMedian);
  }
  result.spread = spread(pmu.has_hardware() ? instructions : nanoseconds);
  return result;
}

void check_interrupted() {
  if (interrupted) throw test::SetupError("measuring: interrupted");
}

void catch_signals() {
  struct sigaction action{};
  action.sa_handler = on_signal;
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaction(signal, &action, nullptr);
}

}  // namespace xvnet::bench
