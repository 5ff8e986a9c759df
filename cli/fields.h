// SPDX-License-Identifier: BSD-2-Clause
//
// The fields of each request, as the operator gives them. The command line, the state file, and the
// names of fields in errors come from these lists.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/parse.h"

namespace xvnet::cli {

using Words = std::vector<std::string>;

// How the state file writes the words of a field.
enum class Shape { kText, kNumber, kFlag, kList };

// What does not depend on the type of the request.
struct Option {
  std::string name;   // key in the state file, and name in errors of the loader: "boot_server"
  std::string flag;   // "--boot-server"; "DEV": a required argument; empty: only in the file
  std::string value;  // what follows the flag: "IP|none"
  std::string help;
  Shape shape = Shape::kText;
  bool is_saved = true;  // in the state file

  bool is_argument() const { return !flag.empty() && !flag.starts_with('-'); }
  std::string no_flag() const { return "--no-" + flag.substr(2); }
};

template <typename Request>
struct Field : Option {
  // Sets the field from at least one word; a flag gets the word "true".
  std::function<Parsed<void>(Request&, const Words&)> read;
  // Returns the words that `read` takes, or none if the field has its default.
  std::function<Words(const Request&)> write;
  // Sets the field to nothing, for the word "none" on the command line. Empty: cannot be unset. A
  // flag gets the option --no-FLAG for it.
  std::function<void(Request&)> unset;
};

template <typename Request>
using Fields = std::vector<Field<Request>>;

// The first field names the object. A request of the state file is written in this order.
const Fields<UplinkRequest>& uplink_fields();
const Fields<NetworkRequest>& network_fields();
const Fields<ForwardRequest>& forward_fields();
const Fields<PortRequest>& port_fields();

// Replace the names of fields that a message marks (loader/base/result.h): by the options, or by
// the keys of the state file. "use ‹mode› tc" becomes "use --mode tc", or "use "mode" tc".
std::string with_options(std::string_view message);
std::string with_keys(std::string_view message);

}  // namespace xvnet::cli
