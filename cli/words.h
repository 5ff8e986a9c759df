// SPDX-License-Identifier: BSD-2-Clause
//
// Converts the words of a command line to the fields of a request.
#pragma once

#include <fmt/format.h>

#include <CLI/App.hpp>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/parse.h"
#include "cli/text.h"
#include "loader/base/result.h"

namespace xvnet::cli {

// The word that unsets an option.
inline constexpr std::string_view kNone = "none";

// The word of an option as typed. An empty word counts as given.
using Word = std::optional<std::string>;

inline CLI::Option* add_word(CLI::App& command, const std::string& flag, Word& word,
                             const std::string& placeholder, const std::string& help) {
  return command
      .add_option_function<std::string>(
          flag, [&word](const std::string& typed) { word = typed; }, help)
      ->type_name(placeholder);
}

// Reads words into fields and keeps the first complaint. The complaint becomes the usage error
// "<doing> <object>: <complaint>".
class Reader {
 public:
  Reader(std::string_view doing, std::string_view object)
      : prefix_(fmt::format("{} {}", doing, quote(object))) {}

  template <typename Field, typename T>
  void read(Field& field, Parsed<T> parsed) {
    if (parsed) {
      field = *std::move(parsed);
    } else {
      complain(parsed.error());
    }
  }

  // Leaves the field unchanged if the word was not given.
  template <typename Field, typename Parser, typename... Arguments>
  void read_word(Field& field, const Word& word, Parser parser, Arguments... arguments) {
    if (word) read(field, std::invoke(parser, *word, arguments...));
  }

  void refuse_if(bool is_wrong, std::string_view complaint) {
    if (is_wrong) complain(complaint);
  }

  template <typename Request>
  Result<Request> answer(Request request) const {
    if (!complaint_.empty()) {
      return fail(ErrorKind::kUsage, fmt::format("{}: {}", prefix_, complaint_));
    }
    return request;
  }

 private:
  void complain(std::string_view complaint) {
    if (complaint_.empty()) complaint_ = complaint;
  }

  std::string prefix_;
  std::string complaint_;
};

}  // namespace xvnet::cli
