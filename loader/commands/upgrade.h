// SPDX-License-Identifier: BSD-2-Clause
//
// Moves all attachments to this build's programs.
#pragma once

#include "loader/base/host.h"
#include "loader/base/tables.h"
#include "loader/model/request.h"

namespace xvnet {

// Call this after Host::open_for_upgrade(). Each attachment is replaced atomically, and programs
// of both builds work together, so no frame is lost. After a failure the previous programs run
// again.
Result<Outcome> upgrade(Host& host, Tables& tables);

}  // namespace xvnet
