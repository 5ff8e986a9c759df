// SPDX-License-Identifier: BSD-2-Clause
//
// What a killed command leaves is put right by the next one, whichever it is, and nobody else's is
// touched.
#include "scenarios.h"

namespace xvnet::test {
namespace {

// Runs the command killed at its n-th change; false when it has fewer.
bool kill_at(FakeKernel& kernel, const Command& command, int n) {
  kernel.die_at(n);
  (void)run(kernel, command);
  bool was_hit = kernel.was_hit();
  kernel.heal();
  return was_hit;
}

TEST(Tidy, DeviceOfAnotherOwnerIsKeptThoughAKilledCommandMeantToMakeOneOfItsName) {
  for (int n = 1;; ++n) {
    FakeKernel kernel;
    make_host(kernel);
    if (!kill_at(kernel, attach(on_vlan("new0", 10)), n)) break;
    if (kernel.has("new0")) continue;
    kernel.add_tap("new0").link.is_up = true;
    ASSERT_TRUE(run(kernel, attach(on_vlan("tap0", 20))));
    SCOPED_TRACE("killed at change " + std::to_string(n) + ", then:\n" + journal_text(kernel));
    ASSERT_TRUE(kernel.has("new0"));
    EXPECT_TRUE(kernel.device("new0").link.is_up);
  }
}

class Tidied : public testing::TestWithParam<Scenario> {};

TEST_P(Tidied, AnotherCommandSucceedsAfterAKillAndItsPortWorks) {
  for (int n = 1; !HasFailure(); ++n) {
    FakeKernel kernel;
    prepare(kernel, GetParam());
    kernel.add_tap("other0");
    if (!kill_at(kernel, GetParam().command, n)) break;
    auto outcome = run(kernel, attach(on_vlan("other0", 3000)));
    SCOPED_TRACE("killed at change " + std::to_string(n) + ", then:\n" + journal_text(kernel));
    ASSERT_TRUE(outcome) << outcome.error().message;
    EXPECT_TRUE(kernel.device("other0").link.is_up);
    for (const std::string& violation : kernel.violations()) ADD_FAILURE() << violation;
  }
}

INSTANTIATE_TEST_SUITE_P(Every, Tidied, testing::ValuesIn(scenarios()),
                         [](const auto& scenario) { return scenario.param.name; });

}  // namespace
}  // namespace xvnet::test
