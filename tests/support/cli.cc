// SPDX-License-Identifier: BSD-2-Clause
#include "cli.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>

namespace xvnet::test {

std::string xvnet_binary() {
  const char* path = std::getenv("XVNET_BIN");
  if (path == nullptr) throw SetupError("XVNET_BIN is not set: run the tests by ctest");
  return path;
}

std::string error_problems(const CommandResult& result, const Words& words) {
  std::string problems;
  if (!result.err.starts_with("xvnet: ")) problems += "stderr does not start with \"xvnet: \"\n";
  for (const auto& word : words) {
    if (result.err.find(word) == std::string::npos) problems += "missing \"" + word + "\"\n";
  }
  return problems.empty() ? problems : problems + result.describe();
}

Host::Host(Ipv6 ipv6) : ns_(ipv6), instance_("t" + unique_suffix()) {}

Host::~Host() {
  try {
    xvnet({"down"});
  } catch (const SetupError& error) {
    // If the program cannot even be started, the test has failed already. A destructor must not
    // throw.
    std::fprintf(stderr, "shutting down \"%s\": %s\n", instance_.c_str(), error.what());
  }
  // The pins must not outlive the test, even if `down` leaves some. Another test checks that it
  // leaves none.
  std::error_code ignored;
  std::filesystem::remove_all("/sys/fs/bpf/" + instance_, ignored);
}

Words Host::command(const Words& args) const {
  Words words = wrapper_;
  words.insert(words.end(), {xvnet_binary(), "--instance", instance_});
  words.insert(words.end(), args.begin(), args.end());
  return words;
}

CommandResult Host::xvnet(const Words& args) const { return ns_.run(command(args)); }

RunningCommand Host::start(const Words& args) const {
  return RunningCommand(command(args), {.netns_path = ns_.path(), .environment = {}});
}

CommandResult Host::xvnet_behind(const Words& wrapper, const Words& args) const {
  Words words = wrapper;
  const Words inner = command(args);
  words.insert(words.end(), inner.begin(), inner.end());
  return ns_.run(words);
}

CommandResult Host::must(const Words& args) const {
  CommandResult result = xvnet(args);
  if (!result.ok()) throw SetupError(result.describe());
  return result;
}

CommandResult Host::shell(const std::string& line) const {
  const std::string binary = xvnet_binary();
  const std::string directory = binary.substr(0, binary.rfind('/'));
  return ns_.run({"sh", "-c", "PATH=" + directory + ":$PATH; " + line});
}

void Host::attach(const std::string& dev, const Words& args) const {
  Words words = {"attach", dev};
  words.insert(words.end(), args.begin(), args.end());
  must(words);
}

void Host::uplink_add(const std::string& dev, const Words& args) const {
  Words words = {"uplink", "add", dev};
  words.insert(words.end(), args.begin(), args.end());
  must(words);
}

void Host::down() const { must({"down"}); }

nlohmann::json Host::json(const Words& args) const {
  Words words = {"--json"};
  words.insert(words.end(), args.begin(), args.end());
  const CommandResult result = must(words);
  try {
    return nlohmann::json::parse(result.out);
  } catch (const nlohmann::json::exception& error) {
    throw SetupError("no JSON (" + std::string(error.what()) + "): " + result.describe());
  }
}

nlohmann::json Host::shown(const std::string& what, const std::string& name) const {
  for (const auto& object : json({"show", what})) {
    if (object.at("name") == name) return object;
  }
  return nullptr;
}

nlohmann::json Host::stats(const std::string& dev) const {
  const nlohmann::json objects = json({"stats", dev});
  if (objects.size() != 1) throw SetupError("stats of \"" + dev + "\": " + objects.dump());
  return objects.at(0);
}

uint64_t Host::drops(const std::string& dev, const std::string& direction,
                     const std::string& reason) const {
  return stats(dev).at(direction).at("drops").value(reason, uint64_t{0});
}

uint64_t Host::all_drops(const std::string& dev, const std::string& direction) const {
  const nlohmann::json shown = stats(dev);
  uint64_t sum = 0;
  for (const auto& [reason, count] : shown.at(direction).at("drops").items()) {
    // fdb_full is not a drop: the frame was forwarded, only its source MAC was not learned.
    if (reason != "fdb_full") sum += count.get<uint64_t>();
  }
  return sum;
}

uint64_t Host::packets(const std::string& dev, const std::string& direction) const {
  return stats(dev).at(direction).at("packets").get<uint64_t>();
}

std::string Host::learnt_at(const std::string& network, const std::string& mac) const {
  for (const auto& entry : json({"show", "fdb"})) {
    if (entry.at("network") == network && entry.at("mac") == mac) return entry.at("dev");
  }
  return {};
}

std::string Host::state() const {
  std::string text;
  for (const char* what : {"ports", "networks", "uplinks"}) text += json({"show", what}).dump(1);
  for (const auto& link : nlohmann::json::parse(ns_.must({"ip", "-j", "link", "show"}).out)) {
    nlohmann::json flags = link.at("flags");
    // The kernel updates the carrier flag asynchronously.
    std::erase(flags.get_ref<nlohmann::json::array_t&>(), "NO-CARRIER");
    text += "\n" + link.at("ifname").get<std::string>() + " " + flags.dump();
  }
  return text;
}

}  // namespace xvnet::test
