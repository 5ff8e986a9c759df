// SPDX-License-Identifier: BSD-2-Clause
//
// Declares the options of a command to the parser, and converts what was typed to a request.
#pragma once

#include <fmt/format.h>

#include <CLI/App.hpp>
#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "cli/fields.h"
#include "cli/text.h"
#include "loader/base/result.h"

namespace xvnet::cli {

// The word that unsets an option.
inline constexpr std::string_view kNone = "none";

// The words that were typed for the fields of a request. The parser writes to it.
class Args {
 public:
  void declare(CLI::App& command, const Option& option);
  void declare_no(CLI::App& command, const Option& option);  // the option --no-FLAG

  // Returns no words if the option was not given.
  Words words(const Option& option) const;

 private:
  std::map<std::string, Words> words_;
  std::map<std::string, bool> flags_;
};

// Leaves "none" out of the option's help.
void hide_none(Option& option);
// The complaint that "none" does not go with other words.
std::string none_excludes(const Option& option);

// Whether a command offers to unset options.
enum class Unset { kHidden, kOffered };

template <typename Request>
void declare(CLI::App& command, const Fields<Request>& fields, Args& args,
             Unset unset = Unset::kOffered) {
  for (const auto& field : fields) {
    Option option = field;
    if (unset == Unset::kHidden && field.unset) hide_none(option);
    args.declare(command, option);
    if (unset == Unset::kOffered && field.unset && field.shape == Shape::kFlag)
      args.declare_no(command, option);
  }
}

// Sets the field of the request from typed words. An error begins with the option.
template <typename Request>
Parsed<void> read_words(Request& request, const Field<Request>& field, const Words& words) {
  if (words.empty()) return {};
  const bool is_none = field.unset && std::ranges::find(words, kNone) != words.end();
  if (is_none && words.size() > 1) return std::unexpected(none_excludes(field));
  if (is_none) {
    field.unset(request);
    return {};
  }
  const auto read = field.read(request, words);
  if (!read) return std::unexpected(fmt::format("{} {}", field.flag, read.error()));
  return {};
}

// Converts the words of a command, such as "network add", to a request. Errors are kUsage.
template <typename Request>
Result<Request> to_request(std::string_view command, const Fields<Request>& fields,
                           const Args& args) {
  Request request;
  for (const auto& field : fields) {
    const auto read = read_words(request, field, args.words(field));
    if (!read)
      return fail(ErrorKind::kUsage,
                  fmt::format("{} {}: {}", command, quote(args.words(fields.front()).front()),
                              read.error()));
  }
  return request;
}

// A word of a command that is not a field of a request. An empty word counts as given.
using Word = std::optional<std::string>;

CLI::Option* add_word(CLI::App& command, const std::string& flag, Word& word,
                      const std::string& value, const std::string& help);
CLI::Option* add_argument(CLI::App& command, const std::string& name, std::string& word,
                          const std::string& help);

// Returns what `parse` makes of the word, or T{} if it was not given. Errors are kUsage.
template <typename T, typename Parse>
Result<T> read_word(std::string_view flag, const Word& word, Parse parse) {
  if (!word) return T{};
  auto parsed = parse(*word);
  if (!parsed) return fail(ErrorKind::kUsage, fmt::format("{} {}", flag, parsed.error()));
  return *std::move(parsed);
}

}  // namespace xvnet::cli
