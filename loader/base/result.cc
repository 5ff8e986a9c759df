// SPDX-License-Identifier: BSD-2-Clause
#include "loader/base/result.h"

#include <cctype>
#include <cerrno>
#include <cstring>

namespace xvnet {
namespace {

// The kernel's ENOTSUPP (include/linux/errno.h), which user space does not define.
constexpr int kKernelEnotsupp = 524;

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

std::unexpected<Error> fail_errno(int error_number, std::string doing) {
  return fail(kind_of(error_number), std::move(doing) + ": " + cause_of(error_number));
}

}  // namespace xvnet
