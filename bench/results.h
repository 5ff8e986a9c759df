// SPDX-License-Identifier: BSD-2-Clause
//
// The results: figures by name, the ratios between them, and the targets of these.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "cell.h"

namespace xvnet::bench {

enum class Metric {
  kPacket,        // instructions of a packet; nanoseconds if the machine cannot count them
  kPacketCycles,  // cycles of a packet; nanoseconds if the machine cannot count them
  kValue,         // the value of a quantity
};

enum class Bound { kNone, kAtMost, kAtLeast };

// One row of the table: `over` ÷ `under`.
struct Comparison {
  std::string name;
  std::string over, under;  // names of measurements or quantities
  Metric metric = Metric::kPacket;
  Bound bound = Bound::kNone;
  double target = 0;
};

// All comparisons, in the order of the table.
std::vector<Comparison> comparisons();

struct Quantity {
  double value = 0;
  std::string unit;
};

struct Ratio {
  Comparison comparison;
  double value = 0;
  std::string unit;  // unit of both sides: "instructions", "ns" …

  bool is_met() const;
};

class Results {
 public:
  // What a nanosecond of this machine's clock means. In a virtual machine whose clock is driven by
  // executed instructions, it is one instruction.
  enum class Clock { kTime, kInstructions };

  explicit Results(Clock clock) : clock_(clock) {}

  // Returns the measurement as stored: with Clock::kInstructions, its time is converted to
  // instructions.
  const Measurement& add(const Measurement& measurement);
  void add(const std::string& name, const Quantity& quantity);

  // Returns null if there is no measurement of that name.
  const Measurement* measurement(const std::string& name) const;
  // The ratios of the comparisons whose two sides were measured.
  std::vector<Ratio> ratios() const;
  nlohmann::json json() const;
  const std::map<std::string, Quantity>& quantities() const { return quantities_; }

 private:
  struct Side {
    double value;
    std::string unit;
  };
  std::optional<Side> side(const std::string& name, Metric metric) const;

  Clock clock_;
  std::vector<Measurement> measurements_;
  std::map<std::string, Quantity> quantities_;
};

// Format results for people.
std::string table(const std::vector<Ratio>& ratios);
std::string line(const Measurement& measurement);

}  // namespace xvnet::bench
