// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <algorithm>
#include <iterator>
#include <utility>

#include "loader/base/change.h"
#include "loader/model/request.h"

namespace xvnet {

// Runs an operation in its own Change: commits on success, rolls back on error.
template <typename Operation>
Result<Outcome> attempt(Host& host, Tables& tables, const Operation& operation) {
  Change change(host, tables);
  Result<Outcome> outcome = operation(change);
  if (!outcome) return std::unexpected(change.roll_back(std::move(outcome).error()));
  if (auto done = change.commit(); !done)
    return std::unexpected(change.roll_back(std::move(done).error()));
  std::ranges::move(change.drain_warnings(), std::back_inserter(outcome->warnings));
  return outcome;
}

}  // namespace xvnet
