// SPDX-License-Identifier: BSD-2-Clause
#include "loader/result.h"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>

namespace xvnet {
namespace {

// The kernel's ENOTSUPP (include/linux/errno.h), which user space does not define.
constexpr int kKernelEnotsupp = 524;

constexpr char kFieldMark = '\x1f';  // ASCII's unit separator, which quoted names never contain

ErrorKind kind_of(int error_number) {
  switch (error_number) {
    case EPERM:
    case EACCES:
      return ErrorKind::kNotPermitted;
    case EOPNOTSUPP:
    case ENOSYS:
    case kKernelEnotsupp:
      return ErrorKind::kUnsupported;
    default:
      return ErrorKind::kFailed;
  }
}

std::string cause_of(int error_number) {
  if (error_number == kKernelEnotsupp) error_number = EOPNOTSUPP;
  char buffer[128];
  std::string cause = strerror_r(error_number, buffer, sizeof buffer);
  // "Permission denied" becomes lower case; "RPC struct is bad" keeps its capitals.
  if (cause.size() > 1 && std::islower(static_cast<unsigned char>(cause[1]))) {
    cause[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(cause[0])));
  }
  return cause;
}

}  // namespace

std::string field_name(std::string_view name) {
  return kFieldMark + std::string(name) + kFieldMark;
}

std::string with_fields(std::string_view message,
                        const std::function<std::string(std::string_view)>& shown) {
  std::string text;
  for (bool is_field = false;; is_field = !is_field) {
    const auto end = std::min(message.find(kFieldMark), message.size());
    const auto part = message.substr(0, end);
    text += is_field ? shown(part) : std::string(part);
    if (end == message.size()) return text;
    message.remove_prefix(end + 1);
  }
}

std::unexpected<Error> fail_errno(int error_number, std::string doing) {
  return fail(kind_of(error_number), std::move(doing) + ": " + cause_of(error_number));
}

}  // namespace xvnet
