// SPDX-License-Identifier: BSD-2-Clause
//
// Whatever path `save` and `restore` get, they never follow, replace or wait for anything but a
// regular file.
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "lab.h"

namespace xvnet::test {
namespace {

namespace fs = std::filesystem;

class StatePath : public ::testing::Test {
 protected:
  StatePath() : place_("/tmp/xvt-" + unique_suffix()) {
    fs::create_directory(place_);
    lab.host.attach("tap0", {"--vlan", "10"});
  }
  ~StatePath() override { fs::remove_all(place_); }

  std::string at(const std::string& name) const { return place_ / name; }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(at(name)) << text;
  }
  std::string read(const std::string& name) const {
    std::ifstream file(at(name));
    return {std::istreambuf_iterator<char>(file), {}};
  }
  std::set<std::string> names() const {
    std::set<std::string> names;
    for (const auto& entry : fs::directory_iterator(place_)) names.insert(entry.path().filename());
    return names;
  }
  void expect_refused(const Words& command, const std::string& what) {
    const CommandResult result = lab.host.xvnet(command);
    EXPECT_EQ(result.exit_code, 1) << result.describe();
    EXPECT_NE(result.err.find(what), std::string::npos) << result.describe();
  }

  fs::path place_;
  Lab lab;
};

TEST_F(StatePath, SaveReplacesAFileAndLeavesNoOther) {
  write("state", "old");
  lab.host.must({"save", at("state")});
  EXPECT_NE(read("state").find("tap0"), std::string::npos);
  EXPECT_EQ(names(), std::set<std::string>{"state"});
  EXPECT_EQ(fs::status(at("state")).permissions(), fs::perms(0600));
  lab.host.must({"restore", at("state")});
}

TEST_F(StatePath, SaveReplacesNoDevice) {
  ASSERT_EQ(mknod(at("null").c_str(), S_IFCHR | 0666, makedev(1, 3)), 0);
  expect_refused({"save", at("null")}, "it is a device");
  EXPECT_TRUE(fs::is_character_file(at("null")));
  EXPECT_EQ(names(), std::set<std::string>{"null"});
}

TEST_F(StatePath, SaveFollowsNoLinkAndReplacesNone) {
  write("victim", "precious");
  fs::create_symlink("victim", at("state"));
  expect_refused({"save", at("state")}, "it is a symbolic link");
  EXPECT_EQ(read("victim"), "precious");
  EXPECT_TRUE(fs::is_symlink(at("state")));
}

// Another user of the directory has placed a symbolic link under a likely temporary name.
TEST_F(StatePath, SaveUsesAnUnpredictableTemporaryName) {
  write("victim", "precious");
  fs::create_symlink("victim", at("state.new"));
  lab.host.must({"save", at("state")});
  EXPECT_EQ(read("victim"), "precious");
  EXPECT_TRUE(fs::is_symlink(at("state.new")));
}

TEST_F(StatePath, SaveToADirectoryIsRefused) {
  expect_refused({"save", place_}, "it is a directory");
  expect_refused({"save", std::string(place_) + "/"}, "it is a directory");
  EXPECT_TRUE(names().empty());
}

// A tmpfs of one page that is nearly full.
TEST_F(StatePath, SaveToAFullDiskKeepsThePreviousFile) {
  const std::string binary = xvnet_binary() + " --instance " + lab.host.instance();
  const std::string script = "mount -t tmpfs -o size=4096 none " + std::string(place_) +
                             " && echo old > " + at("state") + "; " + binary + " save " +
                             at("state") + "; echo code=$?; cat " + at("state") + "; ls -A " +
                             std::string(place_);
  const CommandResult result = lab.ns().run({"unshare", "-m", "sh", "-c", script});
  EXPECT_NE(result.out.find("code=1\nold\nstate\n"), std::string::npos) << result.describe();
  EXPECT_NE(result.err.find("no space left"), std::string::npos) << result.describe();
}

TEST_F(StatePath, RestoreReadsNoDevice) {
  expect_refused({"restore", "/dev/zero"}, "it is a device");
  expect_refused({"restore", "/dev/tty"}, "");
  expect_refused({"restore", place_}, "it is a directory");
}

TEST_F(StatePath, RestoreDoesNotWaitForAWriter) {
  ASSERT_EQ(mkfifo(at("pipe").c_str(), 0600), 0);
  expect_refused({"restore", at("pipe")}, "pipe");
}

TEST_F(StatePath, RestoreReadsAPipeThatHasAWriter) {
  const std::string binary = xvnet_binary() + " --instance " + lab.host.instance();
  const CommandResult result = lab.ns().run(
      {"sh", "-c", binary + " save - | (sleep 0.2; cat) | " + binary + " restore /dev/stdin"});
  EXPECT_EQ(result.exit_code, 0) << result.describe();
}

TEST_F(StatePath, RestoreLimitsTheFileSize) {
  write("large", "");
  fs::resize_file(at("large"), std::uintmax_t{1} << 40);
  expect_refused({"restore", at("large")}, "larger than 64 MiB");
}

}  // namespace
}  // namespace xvnet::test
