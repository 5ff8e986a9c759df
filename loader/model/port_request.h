// SPDX-License-Identifier: BSD-2-Clause
//
// Validates a PortRequest, and compares it with a device and with an existing port.
#pragma once

#include <string>

#include "loader/base/mode.h"
#include "loader/base/tables.h"
#include "loader/model/request.h"

namespace xvnet {

// Errors are kUsage. Only the operation checks that the owner exists.
Result<void> check_request(const PortRequest& request);

// Whether an existing device can become the port that is requested.
Result<void> check_existing_device(const Link& link, const PortRequest& request);

// Returns the uid of the requested owner, which is a user name or a number.
Result<std::optional<std::uint32_t>> owner_uid(const PortRequest& request);

abi::port_record make_port_record(const Link& link, const ModeChoice& choice, std::uint32_t network,
                                  const PortRequest& request);

// How a difference can be changed.
enum class Needs {
  kWriting,    // in place: by writing table entries or settings of the device
  kAttaching,  // only by detaching the port and attaching it again
};

struct Difference {
  std::string text;  // the present setting of the port
  Needs needs = Needs::kAttaching;
};

// Lists how an attached port differs from the request.
Result<std::vector<Difference>> differences_from(Tables& tables, const abi::port_record& record,
                                                 const Link& link, const PortRequest& request);

}  // namespace xvnet
