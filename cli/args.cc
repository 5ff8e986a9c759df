// SPDX-License-Identifier: BSD-2-Clause
#include "cli/args.h"

namespace xvnet::cli {

void Args::declare(CLI::App& command, const Option& option) {
  if (option.flag.empty()) return;  // only in the state file
  if (option.shape == Shape::kFlag) {
    command.add_flag(option.flag, flags_[option.flag], option.help);
    return;
  }
  Words& words = words_[option.name];
  if (option.shape == Shape::kList) {
    command.add_option(option.flag, words, option.help)
        ->type_name(option.value)
        ->allow_extra_args(false);
    return;
  }
  command
      .add_option_function<std::string>(
          option.flag, [&words](const std::string& typed) { words = {typed}; }, option.help)
      ->type_name(option.value)
      ->required(option.is_argument());
}

void Args::declare_no(CLI::App& command, const Option& option) {
  command.add_flag(option.no_flag(), flags_[option.no_flag()],
                   fmt::format("turn {} off", option.flag));
}

Words Args::words(const Option& option) const {
  const auto is_set = [this](const std::string& flag) {
    const auto found = flags_.find(flag);
    return found != flags_.end() && found->second;
  };
  if (option.shape == Shape::kFlag && !option.flag.empty()) {
    Words words;
    if (is_set(option.flag)) words.emplace_back("true");
    if (is_set(option.no_flag())) words.emplace_back(kNone);
    return words;
  }
  const auto found = words_.find(option.name);
  return found == words_.end() ? Words{} : found->second;
}

void hide_none(Option& option) {
  for (const std::string_view none : {"none|", "|none"})
    if (const auto at = option.value.find(none); at != std::string::npos)
      option.value.erase(at, none.size());
}

std::string none_excludes(const Option& option) {
  if (option.shape == Shape::kFlag)
    return fmt::format("{} and {} exclude each other", option.flag, option.no_flag());
  return fmt::format("{} none excludes other values", option.flag);
}

CLI::Option* add_word(CLI::App& command, const std::string& flag, Word& word,
                      const std::string& value, const std::string& help) {
  return command
      .add_option_function<std::string>(
          flag, [&word](const std::string& typed) { word = typed; }, help)
      ->type_name(value);
}

CLI::Option* add_argument(CLI::App& command, const std::string& name, std::string& word,
                          const std::string& help) {
  return command.add_option(name, word, help)->required()->type_name("");
}

}  // namespace xvnet::cli
