// SPDX-License-Identifier: BSD-2-Clause
//
// The manual pages name the commands and options that exist, and no others.
#include <gtest/gtest.h>

#include <fstream>
#include <regex>
#include <sstream>

#include "tree.h"

namespace xvnet::test {

namespace {

std::string page_of(const std::string& command) {
  const auto file = XVNET_MAN "/xvnet" + (command.empty() ? "" : "-" + command) + ".8.scd";
  std::ifstream stream(file);
  EXPECT_TRUE(stream) << "no " << file;
  return {std::istreambuf_iterator<char>(stream), {}};
}

// "network" of "network add": the command that has a page.
std::string page_name(const std::string& path) { return path.substr(0, path.find(' ')); }

// The text between this heading and the next one.
std::string section(const std::string& page, const std::string& heading) {
  const auto start = page.find("# " + heading + "\n");
  if (start == std::string::npos) return "";
  return page.substr(start, page.find("\n# ", start) - start);
}

std::set<std::string> matches(const std::string& text, const char* pattern) {
  const std::regex regex(pattern);
  std::set<std::string> found;
  for (std::sregex_iterator at(text.begin(), text.end(), regex), end; at != end; ++at)
    found.insert((*at)[1]);
  return found;
}

// The options that a paragraph of the section OPTIONS describes.
std::set<std::string> described_options(const std::string& page) {
  std::set<std::string> found;
  for (const auto& line : matches(section(page, "OPTIONS"), "\n(\\*-[^\n]*)"))
    found.merge(matches(line, "\\*(--[a-z-]+)\\*"));
  return found;
}

TEST(ManualPages, DescribeEveryOptionAndNoOther) {
  std::map<std::string, std::set<std::string>> expected;
  const Tree tree;
  tree.walk([&](const CLI::App& command, const std::string& path) {
    auto options = options_of(command);
    if (!path.empty()) options.erase("--help");  // xvnet(8) describes it
    expected[page_name(path)].merge(options);
  });
  for (const auto& [command, options] : expected)
    EXPECT_EQ(described_options(page_of(command)), options) << "xvnet " << command;
}

TEST(ManualPages, NameOnlyOptionsThatExist) {
  std::set<std::string> all;
  std::set<std::string> pages;
  const Tree tree;
  tree.walk([&](const CLI::App& command, const std::string& path) {
    all.merge(options_of(command));
    pages.insert(page_name(path));
  });
  for (const auto& command : pages)
    for (const auto& option : matches(page_of(command), "\\*(?:xvnet [^*\n]*)?(--[a-z-]+)"))
      EXPECT_TRUE(all.contains(option)) << option << " in xvnet-" << command << "(8)";
}

TEST(ManualPages, NameEveryCommand) {
  const auto overview = page_of("");
  const Tree tree;
  tree.walk([&](const CLI::App& command, const std::string& path) {
    if (path.empty()) return;
    EXPECT_TRUE(section(overview, "COMMANDS").contains("*xvnet-" + page_name(path) + "*(8)"))
        << path;
    EXPECT_TRUE(section(overview, "SYNOPSIS").contains("*" + command.get_name() + "*")) << path;
    EXPECT_TRUE(section(page_of(page_name(path)), "SYNOPSIS").contains("*xvnet " + path + "*") ||
                !commands_of(command).empty())
        << path;
  });
}

TEST(ManualPages, GiveOnlyOptionsOfTheCommandInExamples) {
  const Tree tree;
  tree.walk([&](const CLI::App& command, const std::string& path) {
    if (!commands_of(command).empty()) return;
    auto options = options_of(command);
    options.merge(options_of(tree.root()));
    for (const auto& example :
         matches(page_of(page_name(path)), ("\n(xvnet " + path + " [^\n|]*)").c_str()))
      for (const auto& option : matches(example, " (--[a-z-]+)"))
        EXPECT_TRUE(options.contains(option)) << example;
  });
}

}  // namespace

}  // namespace xvnet::test
