// SPDX-License-Identifier: BSD-2-Clause
//
// Implements parse_state() of cli/state_file.h.
#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "cli/limits.h"
#include "cli/parse_address.h"
#include "cli/parse_choice.h"
#include "cli/parse_forward.h"
#include "cli/parse_mac.h"
#include "cli/parse_name.h"
#include "cli/parse_snat.h"
#include "cli/parse_vid.h"
#include "cli/state_file.h"
#include "cli/text.h"

namespace xvnet::cli {

namespace {

using Json = nlohmann::ordered_json;

// An object of the file. Reads keys into fields, keeps the first complaint, and collects the known
// keys.
class Entry {
 public:
  Entry(const Json& json, std::string place) : json_(&json), place_(std::move(place)) {
    if (!json.is_object()) complain("it is not an object");
  }

  // Reads a string with a parser of words.
  template <typename Field, typename Parser>
  void word(const char* key, Field& field, Parser parser) {
    const Json* value = find(key);
    if (!value) return;
    if (!value->is_string()) return complain(fmt::format("{} is not a string", quote(key)));
    auto parsed = parser(value->template get<std::string>());
    if (!parsed) return complain(parsed.error());
    field = *std::move(parsed);
  }

  template <typename Field>
  void number(const char* key, Field& field, Range range) {
    const Json* value = find(key);
    if (!value) return;
    if (!value->is_number_unsigned() || value->template get<std::uint64_t>() < range.least ||
        value->template get<std::uint64_t>() > range.most)
      return complain(fmt::format("{} is not {} to {}", quote(key), range.least, range.most));
    field = static_cast<std::uint32_t>(value->template get<std::uint64_t>());
  }

  void vid(const char* key, std::optional<std::uint16_t>& field) {
    std::optional<std::uint32_t> number;
    this->number(key, number, {kMinVid, kMaxVid});
    if (number) field = static_cast<std::uint16_t>(*number);
  }

  void flag(const char* key, bool& field) {
    const Json* value = find(key);
    if (!value) return;
    if (!value->is_boolean()) return complain(fmt::format("{} is not true or false", quote(key)));
    field = value->template get<bool>();
  }

  template <typename Field, typename Parser>
  void words(const char* key, std::vector<Field>& field, Parser parser) {
    const Json* value = find(key);
    if (!value) return;
    if (!value->is_array()) return complain(fmt::format("{} is not a list", quote(key)));
    for (const Json& each : *value) {
      if (!each.is_string()) return complain(fmt::format("{} is not of strings", quote(key)));
      auto parsed = parser(each.template get<std::string>());
      if (!parsed) return complain(parsed.error());
      field.push_back(*std::move(parsed));
    }
  }

  // Reads a list of strings with a parser of several words.
  template <typename Field, typename Parser>
  void all_words(const char* key, Field& field, Parser parser) {
    std::vector<std::string> typed;
    words(key, typed, [](std::string_view word) { return Parsed<std::string>(word); });
    if (typed.empty()) return;
    auto parsed = parser(typed);
    if (!parsed) return complain(parsed.error());
    field = *std::move(parsed);
  }

  const std::string& place() const { return place_; }

  void allow(const char* key) { known_.insert(key); }

  void refuse_if(bool is_wrong, const char* complaint) {
    if (is_wrong) complain(complaint);
  }

  void require(const char* key) {
    if (json_->is_object() && !json_->contains(key))
      complain(fmt::format("{} is missing", quote(key)));
  }

  Result<void> finish() {
    if (json_->is_object())
      for (const auto& [key, value] : json_->items())
        if (!known_.contains(key)) complain(fmt::format("unknown key {}", quote(key)));
    if (complaint_.empty()) return {};
    return fail(fmt::format("{}: {}", place_, complaint_));
  }

 private:
  const Json* find(const char* key) {
    known_.insert(key);
    if (!json_->is_object()) return nullptr;
    const auto found = json_->find(key);
    return found == json_->end() ? nullptr : &*found;
  }

  void complain(std::string complaint) {
    if (complaint_.empty()) complaint_ = std::move(complaint);
  }

  const Json* json_;
  std::string place_;
  std::set<std::string> known_;
  std::string complaint_;
};

Parsed<bool> parse_on_or_off(std::string_view word) { return parse_switch(word, "guest_offloads"); }

// The operation checks the value.
Parsed<std::string> parse_any(std::string_view word) { return std::string(word); }

Result<UplinkRequest> to_uplink(const Json& json, std::string place) {
  Entry entry(json, std::move(place));
  UplinkRequest request;
  entry.require("dev");
  entry.word("dev", request.device, parse_device_name);
  entry.word("vlans", request.vids, parse_vid_set);
  entry.word("mode", request.mode, parse_mode);
  entry.flag("shared_xdp", request.share_xdp);
  XVNET_TRY(entry.finish());
  return request;
}

Result<NetworkRequest> to_network(const Json& json, std::string place) {
  Entry entry(json, std::move(place));
  NetworkRequest request;
  entry.require("name");
  entry.word("name", request.name, parse_network_name);
  entry.vid("vlan", request.vid);
  entry.flag("untagged", request.untagged);
  entry.word("uplink", request.uplink, parse_device_name);
  entry.words("host_addresses", request.host_addresses, parse_host_address);
  entry.number("ageing", request.ageing_s, kAgeing);
  entry.word("subnet", request.subnet, parse_subnet_word);
  entry.word("gateway", request.gateway, parse_ip);
  entry.word("router", request.router, parse_router_name);
  bool dhcp = false;
  entry.flag("dhcp", dhcp);
  if (dhcp) request.dhcp = true;
  entry.words("dns", request.dns, parse_ip);
  entry.word("domain", request.domain, parse_dns_name);
  entry.word("boot_server", request.boot_server, parse_ip);
  entry.word("boot_file", request.boot_file, parse_any);
  entry.all_words("snat", request.snat, parse_snat);
  entry.refuse_if(request.snat && request.snat->source == SnatSource::kNone,
                  "\"snat\" of nothing is left out");
  entry.number("snat_ports", request.snat_ports, kSnatPorts);
  entry.word("snat_filter", request.snat_filter, parse_snat_filter);
  entry.all_words("snat_exceptions", request.snat_exceptions, parse_snat_exceptions);
  XVNET_TRY(entry.finish());
  return request;
}

Result<ForwardRequest> to_forward(const Json& json, std::string place) {
  Entry entry(json, std::move(place));
  std::string network;
  std::string protocol;
  std::string outside;
  std::string inside;
  for (const char* key : {"network", "protocol", "outside", "inside"}) entry.require(key);
  entry.word("network", network, parse_network_name);
  entry.word("protocol", protocol, parse_any);
  entry.word("outside", outside, parse_any);
  entry.word("inside", inside, parse_any);
  XVNET_TRY(entry.finish());
  auto request = parse_forward(protocol, outside, inside);
  if (!request) return fail(fmt::format("{}: {}", entry.place(), request.error()));
  request->network = std::move(network);
  return *std::move(request);
}

Result<PortRequest> to_port(const Json& json, std::string place) {
  Entry entry(json, std::move(place));
  PortRequest request;
  request.create = false;
  entry.require("dev");
  entry.word("dev", request.device, parse_device_name);
  entry.vid("vlan", request.vid);
  entry.flag("untagged", request.untagged);
  entry.word("uplink", request.uplink, parse_device_name);
  entry.word("network", request.network, parse_network_name);
  entry.word("mac", request.mac, parse_mac);
  entry.words("ip", request.ips, parse_ip);
  entry.words("allow", request.allowed, parse_ip);
  entry.word("hostname", request.host_name, parse_dns_name);
  entry.word("mode", request.mode, parse_mode);
  entry.word("guest_offloads", request.guest_offloads, parse_on_or_off);
  entry.number("max_macs", request.max_macs, kMaxMacs);
  entry.flag("create", request.create);
  entry.word("owner", request.owner, parse_owner);
  entry.number("queues", request.queues, kQueues);
  entry.number("mtu", request.mtu, kMtu);
  entry.refuse_if(request.vid.has_value() + request.untagged + !request.network.empty() != 1,
                  "it needs one of \"vlan\", \"untagged\" and \"network\"");
  XVNET_TRY(entry.finish());
  return request;
}

template <typename Request>
Result<void> read_list(const Json& json, const char* key, std::vector<Request>& requests,
                       Result<Request> (*read)(const Json&, std::string)) {
  const auto list = json.find(key);
  if (list == json.end()) return {};
  if (!list->is_array()) return fail(fmt::format("{} is not a list", quote(key)));
  for (std::size_t at = 0; at < list->size(); at++) {
    XVNET_ASSIGN(request, read((*list)[at], fmt::format("{}[{}]", key, at)));
    requests.push_back(std::move(request));
  }
  return {};
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

Result<DesiredState> parse_state(const std::string& text) {
  XVNET_ASSIGN(json, parse_json(text));
  Entry top(json, "the file");
  std::uint32_t format = 0;
  top.require("format");
  top.number("format", format, {kStateFormat, kStateFormat});
  for (const char* key : {"uplinks", "networks", "forwards", "ports"}) top.allow(key);
  XVNET_TRY(top.finish());
  DesiredState state;
  XVNET_TRY(read_list(json, "uplinks", state.uplinks, to_uplink));
  XVNET_TRY(read_list(json, "networks", state.networks, to_network));
  XVNET_TRY(read_list(json, "forwards", state.forwards, to_forward));
  XVNET_TRY(read_list(json, "ports", state.ports, to_port));
  XVNET_TRY(check_unique(state.uplinks, &UplinkRequest::device));
  XVNET_TRY(check_unique(state.networks, &NetworkRequest::name));
  XVNET_TRY(check_unique(state.ports, &PortRequest::device));
  return state;
}

}  // namespace xvnet::cli
