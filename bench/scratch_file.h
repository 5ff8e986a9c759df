// SPDX-License-Identifier: BSD-2-Clause
//
// A temporary file for a command to read. The destructor removes it.
#pragma once

#include <string>

namespace xvnet::bench {

class ScratchFile {
 public:
  explicit ScratchFile(const std::string& text);
  ~ScratchFile();
  ScratchFile(const ScratchFile&) = delete;
  ScratchFile& operator=(const ScratchFile&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace xvnet::bench
