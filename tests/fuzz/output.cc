// SPDX-License-Identifier: BSD-2-Clause
//
// Prints names of devices and networks, and texts of the kernel, in every output format. The input
// is split at its zero bytes into the texts of the views.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/render.h"
#include "cli/text.h"
#include "target.h"

using namespace xvnet;
using xvnet::test::require;

namespace {

class Texts {
 public:
  explicit Texts(std::string_view input) : rest_(input) {}
  std::string next() {
    const auto end = std::min(rest_.find('\0'), rest_.size());
    const std::string text(rest_.substr(0, end));
    rest_.remove_prefix(std::min(end + 1, rest_.size()));
    return text;
  }

 private:
  std::string_view rest_;
};

struct Views {
  PortView port;
  NetworkView network;
  UplinkView uplink;
  FdbView entry;
  LeaseView lease;
  ForwardView forward;
  StatsView stats;
  Finding finding;
};

Views read_views(std::string_view input) {
  Texts texts(input);
  Views views;
  views.port.name = texts.next();
  views.port.network = views.network.name = views.entry.network = texts.next();
  views.port.why = views.uplink.why = texts.next();
  views.uplink.name = views.network.uplink = texts.next();
  views.network.ports = {views.port.name, texts.next()};
  views.network.host_addresses = views.port.ips = {texts.next()};
  views.entry.device = views.stats.name = texts.next();
  views.lease.device = views.lease.network = views.port.name;
  views.forward.device = views.port.name;
  views.forward.network = views.network.name;
  views.stats.from.drops[abi::REASON_HAIRPIN] = 1;
  views.finding.detail = texts.next();
  views.finding.fix = texts.next();
  return views;
}

std::vector<std::string> render_all(const Views& views, cli::Style style) {
  return {cli::render(std::vector{views.port}, style),
          cli::render(std::vector{views.network}, style),
          cli::render(std::vector{views.uplink}, style),
          cli::render_overview({views.port}, {views.network}, {views.uplink}, style),
          cli::render(std::vector{views.entry}, style),
          cli::render(std::vector{views.lease}, style),
          cli::render(std::vector{views.forward}, style),
          cli::render(std::vector{views.stats}, style),
          cli::render(std::vector{views.finding}, style),
          cli::render_steps({views.finding.detail, views.finding.fix}, style)};
}

void check_line_ends(const std::string& text) {
  require(text.empty() || text.back() == '\n', "the last line has a newline");
}

void check_text(const std::string& text, std::ptrdiff_t lines) {
  check_line_ends(text);
  require(cli::printable_lines(text) == text, "a text is safe on a terminal");
  require(std::ranges::count(text, '\n') == lines, "no name adds a line");
}

void check_json(const std::string& text) {
  check_line_ends(text);
  require(std::ranges::count(text, '\n') == 1, "JSON is one line");
  require(nlohmann::json::accept(text), "the JSON output is valid");
  require(std::ranges::all_of(text, [](char c) { return c == '\n' || (c >= ' ' && c <= '~'); }),
          "JSON is ASCII");
}

// The output must have as many lines as with harmless names.
void check_like_plain_names(cli::Detail detail, const Views& views, const Views& plain) {
  const cli::Style style = {cli::Format::kText, detail};
  const auto texts = render_all(views, style);
  const auto expected = render_all(plain, style);
  for (size_t i = 0; i < texts.size(); ++i)
    check_text(texts[i], std::ranges::count(expected[i], '\n'));
}

}  // namespace

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string input(test::text_of_input(data, size));
  const Views views = read_views(input);
  std::ranges::replace_if(input, [](char c) { return c != '\0'; }, 'x');
  const Views plain = read_views(input);
  check_like_plain_names(cli::Detail::kFull, views, plain);
  check_like_plain_names(cli::Detail::kBrief, views, plain);
  for (const std::string& text : render_all(views, {cli::Format::kJson, cli::Detail::kFull}))
    check_json(text);
  return 0;
}
