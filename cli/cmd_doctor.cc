// SPDX-License-Identifier: BSD-2-Clause
#include <algorithm>

#include "cli/command.h"
#include "loader/doctor.h"

namespace xvnet::cli {

namespace {

constexpr const char* kBpffs = "/sys/fs/bpf/";

Result<std::vector<Finding>> examine(const Globals& globals) {
  XVNET_ASSIGN(kernel, open_kernel(globals));
  return examine_instance(*kernel);
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
