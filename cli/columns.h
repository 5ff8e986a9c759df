// SPDX-License-Identifier: BSD-2-Clause
//
// The columns of each view: JSON, the text table and the brief text come from these lists.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "loader/base/finding.h"
#include "loader/show/view.h"

namespace xvnet::cli {

using Json = nlohmann::ordered_json;

enum class Align { kLeft, kRight };

// Where the column is in a text. An empty place is not shown.
struct Place {
  int number = 0;  // from the left, from 1
  Align align = Align::kLeft;
};

template <typename View>
struct Column {
  std::string key;                               // in JSON; empty: not in JSON
  std::function<Json(const View&)> value;        // in JSON
  std::string title;                             // in the header of the table
  std::function<std::string(const View&)> cell;  // in both texts
  Place table;
  Place brief;
};

// In the order of JSON.
template <typename View>
using Columns = std::vector<Column<View>>;

const Columns<PortView>& columns_of(const PortView& port);
const Columns<NetworkView>& columns_of(const NetworkView& network);
const Columns<UplinkView>& columns_of(const UplinkView& uplink);
const Columns<FdbView>& columns_of(const FdbView& entry);
const Columns<LeaseView>& columns_of(const LeaseView& lease);
const Columns<NatView>& columns_of(const NatView& entry);
const Columns<ForwardView>& columns_of(const ForwardView& forward);
const Columns<StatsView>& columns_of(const StatsView& stats);
const Columns<Finding>& columns_of(const Finding& finding);

// A reason that occurred, and how often.
struct NamedDrop {
  std::string name;  // lower case
  abi::fate fate = abi::FATE_DROPPED;
  std::string text;
  std::uint64_t count = 0;
};
std::vector<NamedDrop> named_drops(const DirectionView& direction);  // sorted by name

std::string peer_name(const StatsView& stats);  // "vm" or "uplink"
std::string health_name(Health health);         // "ok", "warn" or "fail"

}  // namespace xvnet::cli
