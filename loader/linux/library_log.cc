// SPDX-License-Identifier: BSD-2-Clause
#include "loader/linux/library_log.h"

#include <bpf/libbpf.h>
#include <xdp/libxdp.h>

#include <cstdarg>
#include <cstdio>
#include <utility>
#include <vector>

namespace xvnet {
namespace {

thread_local std::string* collector = nullptr;

void collect(const char* format, va_list arguments) {
  if (!collector) return;
  va_list again;
  va_copy(again, arguments);
  int size = vsnprintf(nullptr, 0, format, again);
  va_end(again);
  if (size <= 0) return;
  std::vector<char> text(static_cast<std::size_t>(size) + 1);
  vsnprintf(text.data(), text.size(), format, arguments);
  collector->append(text.data(), static_cast<std::size_t>(size));
}

int print_libbpf(libbpf_print_level level, const char* format, va_list arguments) {
  if (level == LIBBPF_WARN) collect(format, arguments);
  return 0;
}

int print_libxdp(libxdp_print_level level, const char* format, va_list arguments) {
  if (level == LIBXDP_WARN) collect(format, arguments);
  return 0;
}

}  // namespace

LibraryLog::LibraryLog() : outer_(std::exchange(collector, &text_)) {}

LibraryLog::~LibraryLog() { collector = outer_; }

void silence_libraries() {
  libbpf_set_print(print_libbpf);
  libxdp_set_print(print_libxdp);
}

}  // namespace xvnet
