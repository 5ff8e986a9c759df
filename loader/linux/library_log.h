// SPDX-License-Identifier: BSD-2-Clause
//
// Captures the messages of libbpf and libxdp for errors.
#pragma once

#include <string>

namespace xvnet {

// Collects what the libraries print on this thread during its lifetime. Without a LibraryLog, their
// messages are discarded.
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

// Makes the libraries print nothing on stderr from now on.
void silence_libraries();

}  // namespace xvnet
