// SPDX-License-Identifier: BSD-2-Clause
//
// Environment variables.
#pragma once

#include <cstdlib>
#include <optional>
#include <string>

namespace xvnet::test {

// The number in an environment variable of the test run, or `otherwise` if the variable is not set.
inline int number_in(const char* variable, int otherwise) {
  const char* asked = std::getenv(variable);
  return asked ? std::stoi(asked) : otherwise;
}

// Sets an environment variable for the lifetime of the object. Commands that start meanwhile see
// it.
class Variable {
 public:
  Variable(const char* name, const std::string& value) : name_(name) {
    if (const char* before = std::getenv(name)) before_ = before;
    setenv(name, value.c_str(), 1);
  }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;
  ~Variable() {
    if (before_)
      setenv(name_, before_->c_str(), 1);
    else
      unsetenv(name_);
  }

 private:
  const char* name_;
  std::optional<std::string> before_;
};

}  // namespace xvnet::test
