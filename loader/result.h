// SPDX-License-Identifier: BSD-2-Clause
//
// Result<T>: a value, or an Error for the operator.
#pragma once

#include <expected>
#include <functional>
#include <string>
#include <string_view>
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

// Returns the name of a request's field, for a message. The library does not know how the operator
// gave the field: as an option, or as a key of a file. So the name stands between two marks that
// with_fields() finds.
std::string field_name(std::string_view name);

// Replaces each name that field_name() marked by what `shown` returns for it.
std::string with_fields(std::string_view message,
                        const std::function<std::string(std::string_view)>& shown);

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
