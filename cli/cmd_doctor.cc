// SPDX-License-Identifier: BSD-2-Clause
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <map>

#include "cli/app.h"
#include "cli/state_file.h"
#include "loader/linux/machine.h"
#include "loader/model/forward_request.h"
#include "loader/show/doctor.h"

namespace xvnet::cli {

namespace {

constexpr const char* kBpffs = "/sys/fs/bpf/";

Result<std::vector<Finding>> examine(const Globals& globals) {
  XVNET_ASSIGN(host, open_host(globals));
  return examine_instance(*host);
}

// The definition of each object, keyed by its name.
using Definitions = std::map<std::string, std::string>;

template <typename T>
void define(Definitions& definitions, const std::string& name, std::vector<T> DesiredState::* list,
            T request) {
  DesiredState only;
  (only.*list).push_back(std::move(request));
  definitions[name] = format_state(only);
}

// Fields that only say how an object is restored are not part of its definition.
Definitions definitions_of(const DesiredState& state) {
  Definitions all;
  for (const auto& each : state.uplinks)
    define(all, "uplink " + each.device, &DesiredState::uplinks, each);
  for (const auto& each : state.networks)
    define(all, "network " + each.name, &DesiredState::networks, each);
  for (const auto& each : state.forwards)
    define(all, fmt::format("forward {} of network {}", forward_text(each), each.network),
           &DesiredState::forwards, each);
  for (const auto& each : state.ports)
    define(all, "port " + each.device, &DesiredState::ports, each);
  return all;
}

std::string names_of_what(const Definitions& all, const auto& is_meant) {
  std::vector<std::string> names;
  for (const auto& [name, text] : all)
    if (is_meant(name, text)) names.push_back(name);
  return fmt::format("{}", fmt::join(names, ", "));
}

// Compares the saved state with the present one. A saved object may be missing, because unmounting
// bpffs removes everything silently. An object that was not saved is lost at the next boot.
Result<std::vector<Finding>> examine_saved(const Globals& globals, const std::string& path) {
  XVNET_ASSIGN(saved_state, read_state_file(path));
  XVNET_ASSIGN(host, open_host(globals));
  XVNET_ASSIGN(instance, Instance::open_for_reading(*host));
  XVNET_ASSIGN(present_state, instance.desired_state());
  const auto saved = definitions_of(saved_state);
  const auto present = definitions_of(present_state);
  const auto is_missing = [&](const auto& name, const auto&) { return !present.contains(name); };
  const auto is_unsaved = [&](const auto& name, const auto& text) {
    const auto found = saved.find(name);
    return found == saved.end() || found->second != text;
  };
  // Report missing objects first: a save before they are restored would forget them.
  std::vector<Finding> findings;
  const std::string missing = names_of_what(saved, is_missing);
  if (!missing.empty())
    findings.push_back({"saved state", Health::kWarn,
                        fmt::format("saved in {:?}, but missing: {}", path, missing), "«restore»"});
  const std::string unsaved = names_of_what(present, is_unsaved);
  if (!unsaved.empty())
    findings.push_back({"saved state", Health::kWarn,
                        fmt::format("not saved in {:?}, or saved differently: {}", path, unsaved),
                        "«save»"});
  if (findings.empty())
    findings.push_back(
        {"saved state", Health::kOk, fmt::format("everything is as saved in {:?}", path), ""});
  return findings;
}

std::vector<Finding> examine_saved_state(const Globals& globals) {
  const auto path = state_path(globals.instance);
  if (access(path.c_str(), F_OK)) return {{"saved state", Health::kOk, "none", ""}};
  auto findings = examine_saved(globals, path);
  if (findings) return *findings;
  return {{"saved state", Health::kFail, findings.error().message, findings.error().hint}};
}

// If the instance cannot be examined, that is a finding; findings about the machine may explain it.
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

  const auto of_state = examine_saved_state(globals);
  findings.insert(findings.end(), of_state.begin(), of_state.end());

  for (auto& finding : findings) {
    finding.detail = for_operator(finding.detail, globals.instance);
    finding.fix = for_operator(finding.fix, globals.instance);
  }
  XVNET_TRY(print(render(findings, globals.style)));
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
