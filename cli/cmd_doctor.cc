// SPDX-License-Identifier: BSD-2-Clause
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "cli/command.h"
#include "cli/state_file.h"
#include "loader/doctor.h"

namespace xvnet::cli {

namespace {

constexpr const char* kBpffs = "/sys/fs/bpf/";

Result<std::vector<Finding>> examine(const Globals& globals) {
  XVNET_ASSIGN(kernel, open_kernel(globals));
  return examine_instance(*kernel);
}

// What was saved and is not there: the unmounting of bpffs takes everything away without a word.
Result<Finding> examine_saved(const Globals& globals, const std::string& path) {
  XVNET_ASSIGN(saved, read_state_file(path));
  XVNET_ASSIGN(kernel, open_kernel(globals));
  XVNET_ASSIGN(instance, Instance::open_for_reading(*kernel));
  XVNET_ASSIGN(present, instance.desired_state());
  std::string missing;
  for (const auto& uplink : saved.uplinks)
    if (!names(present, uplink.device)) missing += " " + uplink.device;
  for (const auto& port : saved.ports)
    if (!names(present, port.device)) missing += " " + port.device;
  if (missing.empty()) return Finding{"saved state", Health::kOk, path + " is in force", ""};
  return Finding{"saved state", Health::kWarn, fmt::format("missing of {}:{}", path, missing),
                 "xvnet restore"};
}

Finding examine_saved_state(const Globals& globals) {
  const auto path = state_path(globals.instance);
  if (access(path.c_str(), F_OK)) return {"saved state", Health::kOk, "none", ""};
  auto finding = examine_saved(globals, path);
  if (finding) return *finding;
  return {"saved state", Health::kFail, finding.error().message, finding.error().hint};
}

// An instance that cannot be examined is a finding: what is known of the machine says why.
Result<int> doctor(const Globals& globals) {
  auto findings = examine_machine(kBpffs + globals.instance);
  auto of_instance = examine(globals);
  if (of_instance) {
    findings.insert(findings.end(), of_instance->begin(), of_instance->end());
  } else {
    findings.push_back({.check = "instance",
                        .health = Health::kFail,
                        .detail = of_instance.error().message,
                        .fix = of_instance.error().hint});
  }

  findings.push_back(examine_saved_state(globals));

  XVNET_TRY(print(make_output(globals.format, globals.detail)->findings(findings)));
  const bool is_sick = std::any_of(findings.begin(), findings.end(), [](const auto& finding) {
    return finding.health == Health::kFail;
  });
  return is_sick ? 1 : 0;
}

}  // namespace

void add_doctor(CLI::App& app, Run& chosen) {
  auto& command = *app.add_subcommand("doctor", "check this machine and this instance");
  command.callback([&chosen] { chosen = doctor; });
}

}  // namespace xvnet::cli
