// SPDX-License-Identifier: BSD-2-Clause
#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>

#include "quantities.h"

namespace xvnet::bench {

namespace {

constexpr int kTrials = 9;
constexpr const char* kProbe = "probe0";

struct Spent {
  double cpu_ms, wall_ms;
};

double children_cpu_ms() {
  rusage usage{};
  getrusage(RUSAGE_CHILDREN, &usage);
  const auto ms = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_usec) / 1e3;
  };
  return ms(usage.ru_utime) + ms(usage.ru_stime);
}

Spent spend(const std::function<void()>& work) {
  const double cpu_before = children_cpu_ms();
  const auto started = std::chrono::steady_clock::now();
  work();
  const std::chrono::duration<double, std::milli> passed =
      std::chrono::steady_clock::now() - started;
  return {children_cpu_ms() - cpu_before, passed.count()};
}

void add_median(Results& results, const std::string& name, std::vector<Spent> trials) {
  const auto middle = trials.begin() + static_cast<std::ptrdiff_t>(trials.size() / 2);
  std::ranges::nth_element(trials, middle, {}, &Spent::cpu_ms);
  results.add(name + ", CPU", {middle->cpu_ms, "ms"});
  std::ranges::nth_element(trials, middle, {}, &Spent::wall_ms);
  results.add(name + ", wall", {middle->wall_ms, "ms"});
}

void measure_beside(size_t ports, Results& results) {
  std::unique_ptr<XvnetStack> stack;
  const size_t spare = ports - 1;
  const Spent all = spend([&] {
    XvnetOptions options;
    options.spare_ports = spare;
    stack = std::make_unique<XvnetStack>(Layout{.vms = 1}, options);
  });
  if (ports == 1000) results.add("restore of 1000 ports, wall", {all.wall_ms, "ms"});
  std::vector<Spent> attaching, detaching;
  for (int trial = 0; trial < kTrials; trial++) {
    check_interrupted();
    attaching.push_back(spend([&] { stack->host().attach(kProbe, {"--vlan", "4094"}); }));
    detaching.push_back(spend([&] { stack->host().must({"detach", kProbe, "--delete"}); }));
  }
  add_median(results, fmt::format("attach beside {} ports", ports), attaching);
  add_median(results, fmt::format("detach beside {} ports", ports), detaching);
}

}  // namespace

void measure_commands(Results& results) {
  for (const size_t ports : {1, 10, 100, 1000}) measure_beside(ports, results);
}

}  // namespace xvnet::bench
