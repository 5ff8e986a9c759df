// SPDX-License-Identifier: BSD-2-Clause
//
// What libbpf and libxdp would print: kept for errors, never shown unasked.
#pragma once

#include <string>

namespace xvnet {

// While it lives, collects what the libraries print on this thread. They stay silent otherwise.
class LibraryLog {
 public:
  LibraryLog();
  LibraryLog(const LibraryLog&) = delete;
  LibraryLog& operator=(const LibraryLog&) = delete;
  ~LibraryLog();

  const std::string& text() const { return text_; }

 private:
  std::string text_;
  std::string* outer_;
};

// From now on the libraries print nothing on stderr.
void silence_libraries();

}  // namespace xvnet
