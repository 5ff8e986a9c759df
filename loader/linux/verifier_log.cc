// SPDX-License-Identifier: BSD-2-Clause
#include "loader/linux/verifier_log.h"

#include <algorithm>
#include <vector>

namespace xvnet {
namespace {

// The lines that libbpf 1.x prints around the verifier's log: tools/lib/bpf/libbpf.c,
// bpf_object_load_prog().
constexpr std::string_view kBegin = "-- BEGIN PROG LOAD LOG --";
constexpr std::string_view kEnd = "-- END PROG LOAD LOG --";
constexpr std::string_view kProgram = "prog '";
constexpr std::string_view kStatistics = "processed ";
constexpr std::size_t kContextLines = 6;

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    if (!line.empty() && !line.starts_with(kStatistics)) lines.push_back(line);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

}  // namespace

Refusal read_refusal(std::string_view library_log) {
  Refusal refusal;
  std::size_t begin = library_log.find(kBegin);
  if (begin == std::string_view::npos) return refusal;
  std::size_t name = library_log.rfind(kProgram, begin);
  if (name != std::string_view::npos) {
    name += kProgram.size();
    refusal.program = library_log.substr(name, library_log.find('\'', name) - name);
  }
  std::string_view log = library_log.substr(begin + kBegin.size());
  std::vector<std::string_view> lines = lines_of(log.substr(0, log.find(kEnd)));
  // The last line is the beginning of libbpf's end marker, the rest of which was cut off.
  while (!lines.empty() && lines.back().starts_with("libbpf:")) lines.pop_back();
  if (lines.empty()) return refusal;
  refusal.cause = lines.back();
  lines.pop_back();
  for (std::size_t at = lines.size() - std::min(lines.size(), kContextLines); at < lines.size();
       at++) {
    refusal.context += "\n  ";
    refusal.context += lines[at];
  }
  return refusal;
}

}  // namespace xvnet
