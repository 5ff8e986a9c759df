// SPDX-License-Identifier: BSD-2-Clause
#include "cli/output.h"

#include "cli/output_json.h"
#include "cli/output_text.h"

namespace xvnet::cli {

std::unique_ptr<Output> make_output(Format format, Detail detail) {
  if (format == Format::kJson) return std::make_unique<JsonOutput>();
  if (detail == Detail::kBrief) return std::make_unique<BriefOutput>();
  return std::make_unique<TextOutput>();
}

const char* format_health(Health health) {
  switch (health) {
    case Health::kOk:
      return "ok";
    case Health::kWarn:
      return "warn";
    case Health::kFail:
      break;
  }
  return "fail";
}

}  // namespace xvnet::cli
