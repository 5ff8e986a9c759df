// SPDX-License-Identifier: BSD-2-Clause
#include <arpa/inet.h>

#include "cli/parse.h"
#include "loader/model/host_address.h"
#include "maps/records.h"
#include "target.h"

using namespace xvnet;
using xvnet::test::require;

namespace {

// The loader stores the text as given, so the whole text must be an address.
void check_of_loader(const std::string& text) {
  const auto checked = check_cidr("lab", text);
  if (!checked) return require(!checked.error().message.empty(), "a refusal says why");
  require(text.size() < MAX_ADDRESS_TEXT, "an accepted address fits its record");
  require(text.find_first_not_of("0123456789abcdefABCDEF.:/") == std::string::npos,
          "an accepted address has nothing in it but an address");
}

}  // namespace

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view word = test::text_of_input(data, size);
  check_of_loader(std::string(word));
  const auto address = cli::parse_host_address(word);
  if (!address) {
    require(!address.error().empty(), "a refusal says why");
    return 0;
  }
  require(word.find_first_not_of("0123456789abcdefABCDEF.:/") == std::string::npos,
          "an accepted word is nothing but an address");
  require(cli::parse_host_address(*address) == *address, "an address printed is the same address");
  // The loader may refuse an address that no host can have, such as 224.0.0.1/4. But it must
  // recognize it as an address.
  const auto checked = check_cidr("lab", *address);
  require(checked || !checked.error().message.contains("is not an address and a prefix") ||
              address->ends_with("/0"),
          "the loader reads what the CLI accepted");
  return 0;
}
