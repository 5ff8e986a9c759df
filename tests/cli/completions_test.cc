// SPDX-License-Identifier: BSD-2-Clause
//
// Each shell completes command lines with the script that the build has written for it.
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "tree.h"

namespace xvnet::test {

namespace {

using Words = std::set<std::string>;

Words split(const std::string& text) {
  std::istringstream stream(text);
  return {std::istream_iterator<std::string>(stream), {}};
}

class Completions : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (std::system((std::string("command -v ") + GetParam() + " >/dev/null").c_str()) != 0)
      GTEST_SKIP() << GetParam() << " is not installed";
    std::string pattern = std::filesystem::temp_directory_path() / "xvnet-XXXXXX";
    directory_ = mkdtemp(pattern.data());
    std::ofstream(directory_ / "xvnet") << "#!/bin/sh\necho \"$*\" | tr ' ' _\n";
    std::filesystem::permissions(directory_ / "xvnet", std::filesystem::perms::owner_all);
  }

  void TearDown() override { std::filesystem::remove_all(directory_); }

  void expect(const std::map<std::string, Words>& offered) {
    std::vector<std::string> lines;
    lines.reserve(offered.size());
    for (const auto& [line, words] : offered) lines.push_back(line);
    EXPECT_EQ(complete(lines), offered);
  }

 private:
  // Returns what the shell offers for each line. "xvnet" is a script that prints its arguments,
  // joined by "_", so that a lookup is visible as a candidate.
  std::map<std::string, Words> complete(const std::vector<std::string>& lines) {
    std::ofstream input(directory_ / "lines");
    for (const auto& line : lines) input << line << "\n";
    input.close();
    const std::string at = directory_;
    const auto command = "PATH=" + at + ":$PATH " XVNET_COMPLETE "." + GetParam() +
                         " " XVNET_COMPLETIONS " <" + at + "/lines >" + at + "/offered";
    EXPECT_EQ(std::system(command.c_str()), 0);

    std::map<std::string, Words> offered;
    std::ifstream output(directory_ / "offered");
    for (std::string line; std::getline(output, line);) {
      const auto end = line.find('=');
      offered[line.substr(0, end)] = split(line.substr(end + 1));
    }
    return offered;
  }

  std::filesystem::path directory_;
};

TEST_P(Completions, OfferEveryCommandAndOption) {
  const Tree tree;
  std::map<std::string, Words> expected;
  tree.walk([&](const CLI::App& command, const std::string& path) {
    const auto line = "xvnet " + path + (path.empty() ? "" : " ");
    if (!commands_of(command).empty()) expected[line] = commands_of(command);
    expected[line + "--"] = options_of(tree.root());
    expected[line + "--"].merge(options_of(command));
  });
  expect(expected);
}

TEST_P(Completions, OfferTheValuesOfOptionsAndArguments) {
  expect({
      {"xvnet attach tap0 --mode ", {"auto", "xdp", "tc"}},
      {"xvnet attach tap0 --mode xdp --guest-offloads ", {"on", "off"}},
      {"xvnet attach tap0 --mac ", {"none"}},
      {"xvnet attach tap0 --vlan ", {}},
      {"xvnet attach tap0 --owner roo", {"root"}},
      {"xvnet attach lo", {"lo"}},
      {"xvnet network add ", {}},
      {"xvnet network set lab --boot-file ", {"none"}},
      {"xvnet forward add blue ", {"tcp", "udp", "all"}},
      {"xvnet forward --json add --force blue t", {"tcp"}},
      {"xvnet show f", {"fdb", "forwards"}},
  });
}

TEST_P(Completions, LookUpTheObjectsOfTheInstance) {
  expect({
      {"xvnet detach ", {"show_ports_--brief"}},
      {"xvnet stats ", {"show_ports_--brief", "show_uplinks_--brief"}},
      {"xvnet uplink del ", {"show_uplinks_--brief"}},
      {"xvnet attach tap0 --uplink ", {"show_uplinks_--brief"}},
      {"xvnet attach tap0 --network ", {"show_networks_--brief"}},
      {"xvnet forward del ", {"show_networks_--brief"}},
      {"xvnet --instance blue network set ", {"--instance_blue_show_networks_--brief"}},
      {"xvnet network del --instance blue ", {"--instance_blue_show_networks_--brief"}},
  });
}

INSTANTIATE_TEST_SUITE_P(Shell, Completions, testing::Values("bash", "zsh", "fish"),
                         [](const auto& shell) { return std::string(shell.param); });

}  // namespace

}  // namespace xvnet::test
