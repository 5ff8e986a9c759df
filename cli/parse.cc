// SPDX-License-Identifier: BSD-2-Clause
#include "cli/parse.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <charconv>
#include <memory>
#include <optional>
#include <utility>

#include "cli/text.h"

namespace xvnet::cli {

namespace {

constexpr std::size_t kMacTextSize = 17;  // "02:00:00:00:00:01"
constexpr Range kPorts = {1, 65535};

std::unexpected<std::string> is_not(std::string_view word, std::string_view what) {
  return std::unexpected(fmt::format("{} is not {}", quote(word), what));
}

template <typename T>
struct Choice {
  std::string_view word;
  T value;
};

constexpr Choice<Mode> kModes[] = {{"auto", Mode::kAuto}, {"xdp", Mode::kXdp}, {"tc", Mode::kTc}};
constexpr Choice<bool> kSwitches[] = {{"on", true}, {"off", false}};
constexpr Choice<SnatFilter> kSnatFilters[] = {{"address", SnatFilter::kAddress},
                                               {"endpoint", SnatFilter::kEndpoint}};
constexpr Choice<ForwardProtocol> kProtocols[] = {
    {"tcp", ForwardProtocol::kTcp}, {"udp", ForwardProtocol::kUdp}, {"all", ForwardProtocol::kAll}};

// "auto, xdp or tc"
template <typename T, std::size_t N>
std::string list_of(const Choice<T> (&choices)[N]) {
  std::string list;
  for (std::size_t i = 0; i < N; ++i) {
    if (i > 0) list += i + 1 < N ? ", " : " or ";
    list += choices[i].word;
  }
  return list;
}

template <typename T, std::size_t N>
Parsed<T> parse_choice(std::string_view word, const Choice<T> (&choices)[N]) {
  for (const auto& choice : choices)
    if (choice.word == word) return choice.value;
  return is_not(word, list_of(choices));
}

template <typename T, std::size_t N>
std::string format_choice(T value, const Choice<T> (&choices)[N]) {
  for (const auto& choice : choices)
    if (choice.value == value) return std::string(choice.word);
  return {};
}

// Parses "8000" or "8000-8010" into the first and the last number.
template <typename Number>
Parsed<std::pair<Number, Number>> parse_number_range(std::string_view word, Range range) {
  const auto dash = word.find('-');
  const auto first = parse_number(word.substr(0, dash), range);
  if (!first) return std::unexpected(first.error());
  const auto last =
      dash == std::string_view::npos ? first : parse_number(word.substr(dash + 1), range);
  if (!last) return std::unexpected(last.error());
  if (*last < *first) return is_not(word, "a range: its end is before its beginning");
  return std::pair(static_cast<Number>(*first), static_cast<Number>(*last));
}

}  // namespace

Parsed<std::uint32_t> parse_number(std::string_view word, Range range) {
  std::uint32_t number = 0;
  const char* const begin = std::to_address(word.begin());
  const char* const end = std::to_address(word.end());
  const auto [stop, error] = std::from_chars(begin, end, number);
  if (error == std::errc{} && stop == end && number >= range.least && number <= range.most)
    return number;
  return is_not(word, fmt::format("a number of {} to {}", range.least, range.most));
}

Parsed<std::string> parse_text(std::string_view word) {
  if (!word.empty()) return std::string(word);
  return std::unexpected("is empty");
}

Parsed<VidSet> parse_vids(std::string_view word) {
  VidSet vids;
  if (word == "none") return vids;
  const Range range = {0, static_cast<std::uint32_t>(vids.size() - 1)};
  for (bool is_more = true; is_more;) {
    const auto comma = word.find(',');
    const auto ends = parse_number_range<std::uint16_t>(word.substr(0, comma), range);
    if (!ends) return std::unexpected(ends.error());
    for (std::uint32_t vid = ends->first; vid <= ends->second; ++vid) vids.set(vid);

    is_more = comma != std::string_view::npos;
    if (is_more) word.remove_prefix(comma + 1);
  }
  return vids;
}

Parsed<Mac> parse_mac(std::string_view word) {
  const auto refuse = [word] { return is_not(word, "like 02:00:00:00:00:01"); };
  if (word.size() != kMacTextSize) return refuse();
  Mac mac{};
  for (std::size_t i = 0; i < mac.size(); ++i) {
    const char* digits = word.data() + 3 * i;
    const auto [stop, error] = std::from_chars(digits, digits + 2, mac[i], 16);
    if (error != std::errc{} || stop != digits + 2) return refuse();
    if (i + 1 < mac.size() && digits[2] != ':') return refuse();
  }
  return mac;
}

Parsed<Ipv4> parse_ip(std::string_view word) {
  if (const auto address = parse_ipv4(word)) return *address;
  return is_not(word, "like 10.0.0.7");
}

Parsed<Ipv4> parse_one_ip(std::string_view word) {
  const auto address = parse_ip(word);
  if (address && *address == Ipv4{}) return is_not(word, "a host's address");
  return address;
}

Parsed<Subnet> parse_any_prefix(std::string_view word) {
  if (const auto prefix = parse_prefix(word)) return *prefix;
  return is_not(word, "like 192.0.2.0/24: a first address and the length of its prefix");
}

Parsed<Subnet> parse_one_subnet(std::string_view word) {
  const auto subnet = parse_any_prefix(word);
  if (subnet && *subnet == Subnet{}) return is_not(word, "a subnet");
  return subnet;
}

Parsed<std::string> parse_host_address(std::string_view word) {
  const auto slash = word.find('/');
  const std::string address(word.substr(0, slash));
  const int family = address.contains(':') ? AF_INET6 : AF_INET;

  in6_addr binary{};  // the larger of the two families
  char text[INET6_ADDRSTRLEN];
  if (slash == std::string_view::npos || address.contains('\0') ||
      inet_pton(family, address.c_str(), &binary) != 1 ||
      inet_ntop(family, &binary, text, sizeof text) == nullptr) {
    return is_not(word, "like 10.5.0.1/24 or 2001:db8::1/64");
  }
  const auto prefix =
      parse_number(word.substr(slash + 1), {0, family == AF_INET6 ? kAddressBits : kIpv4Bits});
  if (!prefix) return std::unexpected(fmt::format("{}: {}", quote(word), prefix.error()));
  return fmt::format("{}/{}", text, *prefix);
}

Parsed<Mode> parse_mode(std::string_view word) { return parse_choice(word, kModes); }

Parsed<bool> parse_switch(std::string_view word) { return parse_choice(word, kSwitches); }

Parsed<SnatFilter> parse_snat_filter(std::string_view word) {
  return parse_choice(word, kSnatFilters);
}

Parsed<ForwardProtocol> parse_protocol(std::string_view word) {
  return parse_choice(word, kProtocols);
}

std::string format_switch(bool is_on) { return format_choice(is_on, kSwitches); }

std::string format_snat_filter(SnatFilter filter) { return format_choice(filter, kSnatFilters); }

Parsed<Endpoint> parse_endpoint(std::string_view word) {
  const auto colon = word.find(':');
  const auto address = parse_ipv4(word.substr(0, colon));
  if (address && colon == std::string_view::npos) return Endpoint{*address};
  const auto ports = address ? parse_number_range<std::uint32_t>(word.substr(colon + 1), kPorts)
                             : std::unexpected(std::string());
  if (!ports) return is_not(word, "like 203.0.113.5, 203.0.113.5:80 or 203.0.113.5:8000-8010");
  return Endpoint{*address, static_cast<std::uint16_t>(ports->first),
                  static_cast<std::uint16_t>(ports->second - ports->first + 1)};
}

}  // namespace xvnet::cli
