// SPDX-License-Identifier: BSD-2-Clause
//
// Result<T>: a value, or an Error for the operator.
//
// The library does not know how an operator names a field of a request or runs a command. Its texts
// mark both: ‹max_macs› is the field, «uplink add» the command. Who shows a text replaces the
// marks.
#pragma once

#include <expected>
#include <string>
#include <utility>

namespace xvnet {

// What the caller can do about the error; also the CLI's exit code.
enum class ErrorKind {
  kFailed = 1,        // refused, or something went wrong
  kUsage = 2,         // the request makes no sense
  kNotPermitted = 4,  // a capability is missing
  kUnsupported = 5,   // this kernel or device cannot do it
};

struct Error {
  ErrorKind kind = ErrorKind::kFailed;
  std::string message;  // "<doing> <object>: <cause>", lower case, no full stop
  std::string hint;     // what the operator can do, or empty
};

template <typename T>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> fail(ErrorKind kind, std::string message, std::string hint = {}) {
  return std::unexpected(Error{kind, std::move(message), std::move(hint)});
}

inline std::unexpected<Error> fail(std::string message, std::string hint = {}) {
  return fail(ErrorKind::kFailed, std::move(message), std::move(hint));
}

// An errno as an Error: EPERM and EACCES are not permitted, EOPNOTSUPP and ENOSYS unsupported.
std::unexpected<Error> fail_errno(int error_number, std::string doing);

// Returns the error of `expression` from the enclosing function.
#define XVNET_TRY(expression)                                  \
  do {                                                         \
    if (auto xvnet_result = (expression); !xvnet_result)       \
      return std::unexpected(std::move(xvnet_result).error()); \
  } while (false)

// Declares `variable` with the value of `expression`, or returns its error from the enclosing
// function.
#define XVNET_ASSIGN(variable, expression)                                              \
  auto variable##_result = (expression);                                                \
  if (!variable##_result) return std::unexpected(std::move(variable##_result).error()); \
  auto& variable = *variable##_result

}  // namespace xvnet
