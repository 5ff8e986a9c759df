// SPDX-License-Identifier: BSD-2-Clause
//
// Converts words to values and back. Only the form of a word is checked here; the rules for values
// are in loader/ (check_request()).
#pragma once

#include <cstdint>
#include <expected>
#include <limits>
#include <string>
#include <string_view>

#include "loader/model/request.h"
#include "loader/model/rules.h"

namespace xvnet::cli {

// A value, or what is wrong with the word: `"10.0.0" is not like 10.0.0.7`. The caller puts the
// name of the option or key in front.
template <typename T>
using Parsed = std::expected<T, std::string>;

// Decimal digits only, without a sign.
Parsed<std::uint32_t> parse_number(std::string_view word, Range range);
template <typename Number>
Parsed<Number> parse_number(std::string_view word) {
  const auto number = parse_number(word, {0, std::numeric_limits<Number>::max()});
  if (!number) return std::unexpected(number.error());
  return static_cast<Number>(*number);
}

// Any text but an empty one, which may come from an unset shell variable.
Parsed<std::string> parse_text(std::string_view word);

// "10,20-30": numbers and inclusive ranges in any order; or "none".
Parsed<VidSet> parse_vids(std::string_view word);

// "02:00:00:00:00:01"
Parsed<Mac> parse_mac(std::string_view word);

// "10.0.0.7"
Parsed<Ipv4> parse_ip(std::string_view word);
// Refuses 0.0.0.0 too, which stands for no address in a request.
Parsed<Ipv4> parse_one_ip(std::string_view word);

// "192.0.2.0/24", without bits behind the prefix.
Parsed<Subnet> parse_any_prefix(std::string_view word);
// Refuses 0.0.0.0/0 too, which stands for no subnet in a request.
Parsed<Subnet> parse_one_subnet(std::string_view word);

// "10.5.0.1/24" or "2001:db8::1/64". Returns the canonical text (RFC 5952), so that equal addresses
// have equal texts.
Parsed<std::string> parse_host_address(std::string_view word);

Parsed<Mode> parse_mode(std::string_view word);                 // "auto", "xdp" or "tc"
Parsed<bool> parse_switch(std::string_view word);               // "on" or "off"
Parsed<SnatFilter> parse_snat_filter(std::string_view word);    // "address" or "endpoint"
Parsed<ForwardProtocol> parse_protocol(std::string_view word);  // "tcp", "udp" or "all"

std::string format_switch(bool is_on);
std::string format_snat_filter(SnatFilter filter);

// One side of a forward: "203.0.113.5", "203.0.113.5:80" or "203.0.113.5:8000-8010".
struct Endpoint {
  Ipv4 address;
  std::uint16_t port = 0;  // 0: no port given
  std::uint16_t count = 1;
};
Parsed<Endpoint> parse_endpoint(std::string_view word);

}  // namespace xvnet::cli
