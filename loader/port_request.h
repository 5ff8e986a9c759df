// SPDX-License-Identifier: BSD-2-Clause
//
// A PortRequest against the rules, a device and an existing port.
#pragma once

#include <string>

#include "loader/mode.h"
#include "loader/tables.h"

namespace xvnet {

Result<void> check_request(const PortRequest& request);

constexpr std::uint32_t kNoOwner = 0xffffffff;  // of a record: nobody in particular

// A device that was there before: whether it can be the port that is asked for.
Result<void> check_existing_device(const Link& link, const PortRequest& request);

// The uid behind --owner, which names a user or is a number.
Result<std::optional<std::uint32_t>> owner_uid(const PortRequest& request);

abi::port_record make_port_record(const Link& link, const ModeChoice& choice, std::uint32_t network,
                                  const PortRequest& request);

// What it takes to change something of a port.
enum class Needs {
  kWriting,    // an entry in a table, or a setting of the device: nobody notices
  kAttaching,  // taking it apart, and attaching it again
};

struct Difference {
  std::string text;  // what the port has
  Needs needs = Needs::kAttaching;
};

// How an attached port differs from the request.
Result<std::vector<Difference>> differences_from(Tables& tables, const abi::port_record& record,
                                                 const Link& link, const PortRequest& request);

}  // namespace xvnet
