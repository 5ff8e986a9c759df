// SPDX-License-Identifier: BSD-2-Clause
#include <net/if.h>

#include <algorithm>

#include "cli/parse.h"
#include "cli/text.h"
#include "loader/base/text.h"
#include "loader/linux/pin_root.h"
#include "target.h"

using namespace xvnet;
using xvnet::test::require;

namespace {

// Does what dev_valid_name() of net/core/dev.c does, with the isspace() of lib/ctype.c, which
// accepts 0xa0.
bool kernel_takes(std::string_view name) {
  const auto is_space = [](unsigned char c) {
    return c == ' ' || (c >= 9 && c <= 13) || c == 0xa0;
  };
  if (name.empty() || name.size() >= IFNAMSIZ || name == "." || name == "..") return false;
  return std::ranges::none_of(
      name, [&](unsigned char c) { return c == '\0' || c == '/' || c == ':' || is_space(c); });
}

void check_accepted(std::string_view word, const cli::Parsed<std::string>& name) {
  if (name) return require(*name == word, "a name is kept as it is");
  require(!name.error().empty(), "a refusal says why");
  require(cli::printable(name.error()) == name.error(), "a refusal is safe on a terminal");
}

void check_instance(std::string_view word) {
  if (!is_instance_name(word)) return;
  require(word.find_first_of("./") == std::string_view::npos,
          "an instance is one directory of bpffs");
}

}  // namespace

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view word = test::text_of_input(data, size);
  check_accepted(word, cli::parse_text(word));
  check_instance(word);
  const auto device = check_device_name("attach", word);
  require(!device || kernel_takes(word), "the kernel takes an accepted device name");
  require(device || cli::printable(device.error().message) == device.error().message,
          "a refusal is safe on a terminal");
  return 0;
}
