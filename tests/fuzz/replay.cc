// SPDX-License-Identifier: BSD-2-Clause
//
// Replays the corpus of one target without libFuzzer. Each file is one test.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "target.h"

namespace {

namespace fs = std::filesystem;

class Replay : public ::testing::Test {
 public:
  explicit Replay(fs::path file) : file_(std::move(file)) {}

  void TestBody() override {
    std::ifstream stream(file_, std::ios::binary);
    const std::string input{std::istreambuf_iterator<char>(stream), {}};
    ASSERT_FALSE(stream.bad()) << file_;
    try {
      LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(input.data()), input.size());
    } catch (const std::exception& finding) {
      ADD_FAILURE() << file_.native() << ": " << finding.what();
    }
  }

 private:
  fs::path file_;
};

std::vector<fs::path> files_of(const fs::path& directory) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(directory)) files.push_back(entry.path());
  std::ranges::sort(files);
  return files;
}

// A target's binary is named fuzz_TARGET.
std::string target_of(const std::string& binary) {
  constexpr std::string_view kPrefix = "fuzz_";
  return binary.starts_with(kPrefix) ? binary.substr(kPrefix.size()) : binary;
}

}  // namespace

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  const std::string target = target_of(fs::path(argv[0]).filename());
  const fs::path corpus = argc > 1 ? fs::path(argv[1]) : fs::path(XVNET_FUZZ_CORPUS) / target;
  const auto files = fs::is_directory(corpus) ? files_of(corpus) : std::vector{corpus};
  for (const fs::path& file : files) {
    ::testing::RegisterTest(target.c_str(), file.filename().c_str(), nullptr, nullptr, __FILE__,
                            __LINE__, [file] { return new Replay(file); });
  }
  if (files.empty()) return 1;
  return RUN_ALL_TESTS();
}
