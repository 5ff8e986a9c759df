// SPDX-License-Identifier: BSD-2-Clause
#include "scratch_file.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "process.h"

namespace xvnet::bench {

ScratchFile::ScratchFile(const std::string& text)
    : path_(std::filesystem::temp_directory_path() / "xvnet-bench-XXXXXX") {
  const test::UniqueFd fd(mkstemp(path_.data()));
  if (!fd) test::throw_errno("making a file in \"" + path_ + "\"");
  if (write(fd.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()))
    test::throw_errno("writing \"" + path_ + "\"");
}

ScratchFile::~ScratchFile() { unlink(path_.c_str()); }

}  // namespace xvnet::bench
