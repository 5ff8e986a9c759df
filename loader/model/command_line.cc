// SPDX-License-Identifier: BSD-2-Clause
#include "loader/model/command_line.h"

#include <fmt/format.h>

#include <algorithm>

#include "loader/base/text.h"
#include "loader/model/forward_request.h"

namespace xvnet {
namespace {

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("_-.:/,@+").contains(c);
}

class CommandLine {
 public:
  explicit CommandLine(std::string command) : text_(std::move(command)) {}

  CommandLine& word(std::string_view word) {
    text_ += " " + quoted_for_shell(word);
    return *this;
  }
  CommandLine& option(std::string_view flag, std::string_view value) {
    if (!value.empty()) text_ += fmt::format(" {} {}", flag, quoted_for_shell(value));
    return *this;
  }
  CommandLine& number(std::string_view flag, std::optional<std::uint32_t> value) {
    if (value) text_ += fmt::format(" {} {}", flag, *value);
    return *this;
  }
  CommandLine& flag(std::string_view flag, bool is_on) {
    if (is_on) text_ += fmt::format(" {}", flag);
    return *this;
  }
  std::string text() const { return text_; }

 private:
  std::string text_;
};

std::string mode_word(Mode mode) { return mode == Mode::kAuto ? "" : format_mode(mode); }

std::optional<std::uint32_t> max_macs_word(const PortRequest& request) {
  return request.max_macs == kDefaultMaxMacs ? std::nullopt : request.max_macs;
}

}  // namespace

std::string quoted_for_shell(std::string_view word) {
  if (!word.empty() && std::ranges::all_of(word, is_plain)) return std::string(word);
  std::string text = "'";
  for (const char c : word) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return text + "'";
}

std::string command_of(const PortRequest& request) {
  CommandLine line("«attach»");
  line.word(request.device)
      .number("‹vlan›", request.vid)
      .flag("‹untagged›", request.untagged)
      .option("‹uplink›", request.uplink)
      .option("‹network›", request.network)
      .option("‹mac›", request.mac ? format_mac(*request.mac) : "");
  for (const Ipv4 ip : request.ips) line.option("‹ip›", format_ipv4(ip));
  for (const Ipv4 ip : request.allowed) line.option("‹allow›", format_ipv4(ip));
  return line.option("‹hostname›", request.host_name)
      .option("‹mode›", mode_word(request.mode))
      .option("‹guest_offloads›", request.guest_offloads ? "" : "off")
      .number("‹max_macs›", max_macs_word(request))
      .option("‹owner›", request.owner)
      .number("‹queues›", request.queues)
      .number("‹mtu›", request.mtu)
      .text();
}

std::string command_of(const UplinkRequest& request) {
  CommandLine line("«uplink add»");
  return line.word(request.device)
      .option("‹vlans›", request.vids ? format_vids(*request.vids) : "")
      .option("‹mode›", mode_word(request.mode))
      .flag("‹shared_xdp›", request.share_xdp)
      .text();
}

std::string command_of(const ForwardRequest& request) {
  CommandLine line("«forward add»");
  line.word(request.network).word(format_protocol(request.protocol));
  line.word(format_endpoint(format_ipv4(request.outside), request.outside_port, request.count));
  const bool is_same_port = request.inside_port == request.outside_port;
  return line
      .word(format_endpoint(format_ipv4(request.inside), is_same_port ? 0 : request.inside_port, 1))
      .text();
}

std::string snat_command(const NetworkRequest& network) {
  CommandLine line("«network set»");
  line.word(network.name);
  if (!network.snat) return line.text();
  line.option("‹snat›", network.snat->source == SnatSource::kAuto ? "auto" : "");
  for (const Ipv4 address : network.snat->addresses) line.option("‹snat›", format_ipv4(address));
  return line.text();
}

std::string host_address_command(const NetworkRequest& network) {
  CommandLine line("«network set»");
  line.word(network.name);
  for (const auto& address : network.host_addresses) line.option("‹host_addresses›", address);
  return line.text();
}

}  // namespace xvnet
