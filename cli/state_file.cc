// SPDX-License-Identifier: BSD-2-Clause
#include "cli/state_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "cli/fields.h"
#include "cli/file.h"
#include "cli/text.h"
#include "loader/commands/uplink.h"
#include "loader/model/forward_request.h"
#include "loader/model/network_request.h"
#include "loader/model/port_request.h"

namespace xvnet::cli {

namespace {

using Json = nlohmann::ordered_json;

Json value_of(const Words& words, Shape shape) {
  if (shape == Shape::kNumber) return Json::parse(words.front());
  if (shape == Shape::kFlag) return true;
  return shape == Shape::kList ? Json(words) : Json(words.front());
}

template <typename Request>
Json entries_of(const std::vector<Request>& requests, const Fields<Request>& fields) {
  Json array = Json::array();
  for (const Request& request : requests) {
    Json entry = Json::object();
    for (const auto& field : fields)
      if (const Words words = field.write(request); field.is_saved && !words.empty())
        entry[field.name] = value_of(words, field.shape);
    array.push_back(std::move(entry));
  }
  return array;
}

bool is_text(const Json& json) { return json.is_string(); }

// Returns the words of a value, or what it should be. `false` has no words.
Parsed<Words> words_of(const Json& json, Shape shape) {
  switch (shape) {
    case Shape::kText:
      if (json.is_string()) return Words{json.get<std::string>()};
      return std::unexpected("is not a string");
    case Shape::kNumber:
      if (json.is_number_unsigned()) return Words{json.dump()};
      return std::unexpected("is not a number without a sign");
    case Shape::kFlag:
      if (json.is_boolean()) return json.get<bool>() ? Words{"true"} : Words{};
      return std::unexpected("is not true or false");
    case Shape::kList:
      break;
  }
  if (json.is_array() && std::ranges::all_of(json, is_text)) return json.get<Words>();
  return std::unexpected("is not a list of strings");
}

std::unexpected<Error> complain(std::string_view place, std::string_view key,
                                std::string_view complaint) {
  return fail(fmt::format("{}: {} {}", place, quote(key), complaint));
}

// Refuses all keys that no field has.
template <typename Request>
Result<void> check_keys(const Json& json, std::string_view place, const Fields<Request>& fields) {
  if (!json.is_object()) return fail(fmt::format("{}: it is not an object", place));
  for (const auto& [key, value] : json.items()) {
    const auto found = std::ranges::find(fields, key, &Option::name);
    if (found == fields.end() || !found->is_saved) return complain(place, key, "is unknown");
  }
  for (const auto& field : fields)
    if (field.is_argument() && !json.contains(field.name))
      return complain(place, field.name, "is missing");
  return {};
}

// Reads an object of the file. Fields that it lacks stay as they are in `request`.
template <typename Request>
Result<Request> read_entry(const Json& json, std::string_view place, const Fields<Request>& fields,
                           Request request) {
  XVNET_TRY(check_keys(json, place, fields));
  for (const auto& field : fields) {
    if (!json.contains(field.name)) continue;
    const auto words = words_of(json.at(field.name), field.shape);
    if (!words) return complain(place, field.name, words.error());
    if (words->empty()) continue;
    const auto read = field.read(request, *words);
    if (!read) return complain(place, field.name, read.error());
  }
  if (const auto checked = check_request(request); !checked)
    return fail(fmt::format("{}: {}", place, with_keys(checked.error().message)));
  return request;
}

// `initial` has the fields that the file leaves out.
template <typename Request>
Result<std::vector<Request>> read_list(const Json& json, const char* key,
                                       const Fields<Request>& fields, const Request& initial = {}) {
  std::vector<Request> requests;
  const auto list = json.find(key);
  if (list == json.end()) return requests;
  if (!list->is_array()) return complain("the file", key, "is not a list");
  for (std::size_t at = 0; at < list->size(); at++) {
    XVNET_ASSIGN(request, read_entry((*list)[at], fmt::format("{}[{}]", key, at), fields, initial));
    requests.push_back(std::move(request));
  }
  return requests;
}

// Refuses two objects with one name: restoring the second would fail, and it is unclear which one
// is meant.
template <typename T>
Result<void> check_unique(const std::vector<T>& requests, std::string T::* name) {
  std::set<std::string> names;
  for (const T& request : requests)
    if (!names.insert(request.*name).second)
      return fail(fmt::format("{} is named twice", quote(request.*name)));
  return {};
}

Result<void> check_format(const Json& json) {
  constexpr const char* kPlace = "the file";
  if (!json.is_object()) return fail(fmt::format("{}: it is not an object", kPlace));
  for (const auto& [key, value] : json.items())
    if (key != "format" && key != "uplinks" && key != "networks" && key != "forwards" &&
        key != "ports")
      return complain(kPlace, key, "is unknown");
  if (!json.contains("format")) return complain(kPlace, "format", "is missing");
  if (!json.at("format").is_number_unsigned() || json.at("format") != kStateFormat)
    return complain(kPlace, "format", fmt::format("is not {}", kStateFormat));
  return {};
}

// The JSON library silently keeps the last of two equal keys.
class DuplicateFinder {
 public:
  bool operator()(int, Json::parse_event_t event, Json& parsed) {
    using enum Json::parse_event_t;
    if (event == object_start) open_.emplace_back();
    if (event == object_end && !open_.empty()) open_.pop_back();
    if (event != key || open_.empty()) return true;
    const auto name = parsed.get<std::string>();
    if (!open_.back().insert(name).second && found_.empty()) found_ = name;
    return true;
  }
  const std::string& found() const { return found_; }

 private:
  std::vector<std::set<std::string>> open_;
  std::string found_;
};

Result<Json> parse_json(const std::string& text) {
  DuplicateFinder duplicates;
  try {
    Json json = Json::parse(text, [&](int depth, Json::parse_event_t event, Json& parsed) {
      return duplicates(depth, event, parsed);
    });
    if (duplicates.found().empty()) return json;
    return fail(fmt::format("{} is given twice", quote(duplicates.found())));
  } catch (const Json::exception& error) {
    // The message looks like "[json.exception.parse_error.101] parse error at line 1, column 2: …".
    const std::string_view what = error.what();
    return fail(std::string(what.substr(what.find("] ") + 2)));
  }
}

}  // namespace

std::string format_state(const DesiredState& state) {
  const Json json = {{"format", kStateFormat},
                     {"uplinks", entries_of(state.uplinks, uplink_fields())},
                     {"networks", entries_of(state.networks, network_fields())},
                     {"forwards", entries_of(state.forwards, forward_fields())},
                     {"ports", entries_of(state.ports, port_fields())}};
  return json.dump(1, ' ', true, Json::error_handler_t::replace) + '\n';
}

Result<DesiredState> parse_state(const std::string& text) {
  XVNET_ASSIGN(json, parse_json(text));
  XVNET_TRY(check_format(json));
  PortRequest port;
  port.create = false;  // the file says which devices to create
  XVNET_ASSIGN(uplinks, read_list(json, "uplinks", uplink_fields()));
  XVNET_ASSIGN(networks, read_list(json, "networks", network_fields()));
  XVNET_ASSIGN(forwards, read_list(json, "forwards", forward_fields()));
  XVNET_ASSIGN(ports, read_list(json, "ports", port_fields(), port));
  XVNET_TRY(check_unique(uplinks, &UplinkRequest::device));
  XVNET_TRY(check_unique(networks, &NetworkRequest::name));
  XVNET_TRY(check_unique(ports, &PortRequest::device));
  return DesiredState{std::move(uplinks), std::move(networks), std::move(forwards),
                      std::move(ports)};
}

std::string state_path(const std::string& instance) {
  return fmt::format("/etc/xvnet/{}.json", instance);
}

bool names(const DesiredState& state, std::string_view device) {
  const auto is_it = [device](const auto& request) { return request.device == device; };
  return std::ranges::any_of(state.ports, is_it) || std::ranges::any_of(state.uplinks, is_it);
}

Result<DesiredState> read_state_file(const std::string& path) {
  XVNET_ASSIGN(text, read_file(path));
  auto state = parse_state(text);
  if (!state)
    state.error().message = fmt::format("read {}: {}", quote(path), state.error().message);
  return state;
}

Result<void> write_state_file(const std::string& path, const DesiredState& state) {
  return replace_file(path, format_state(state));
}

}  // namespace xvnet::cli
