// SPDX-License-Identifier: BSD-2-Clause
//
// doctor compares the instance with the saved state.
#include "doctor_site.h"

namespace xvnet::test {
namespace {

// The commands run in a separate mount namespace with an empty /etc, so that `save` writes to the
// path that doctor reads.
TEST(DoctorSavedState, ReportsObjectsThatAreNotSaved) {
  const Site site;
  const std::string xvnet = "xvnet --instance " + site.host.instance();
  const std::string place = "/tmp/xvt-" + unique_suffix();
  const CommandResult result = site.host.shell(
      "mkdir " + place + "; unshare -m sh -c 'mount --bind " + place + " /etc; " + xvnet +
      " save; " + xvnet + " doctor; echo first=$?; " + xvnet + " network set lab --ageing 60; " +
      xvnet + " doctor; " + xvnet + " save; echo then; " + xvnet + " doctor; " + xvnet +
      " network del lab; " + xvnet + " detach tap0; " + xvnet + " network del lab; " + xvnet +
      " doctor'; rm -r " + place);
  const auto changed = result.out.find("or saved differently: network lab");
  const auto then = result.out.find("then");
  EXPECT_NE(changed, std::string::npos) << result.describe();
  EXPECT_LT(changed, then) << result.describe();
  EXPECT_EQ(result.out.find("saved differently", then), std::string::npos) << result.describe();
  EXPECT_NE(result.out.find("but missing", then), std::string::npos) << result.describe();
}

// One object is missing and another one differs. doctor must report both, with commands that repair
// both in the printed order.
TEST(DoctorSavedState, ReportsMissingAndDifferingObjects) {
  const Site site;
  const std::string xvnet = "xvnet --instance " + site.host.instance();
  const std::string place = "/tmp/xvt-" + unique_suffix();
  const CommandResult result =
      site.host.shell("mkdir " + place + "; unshare -m sh -c 'mount --bind " + place + " /etc; " +
                      xvnet + " save; " + xvnet + " detach tap0; " + xvnet +
                      " network set green --ageing 60; " + xvnet + " doctor'; rm -r " + place);
  const auto missing = result.out.find("but missing: port tap0\n      fix: " + xvnet + " restore");
  const auto differs =
      result.out.find("or saved differently: network green\n      fix: " + xvnet + " save");
  EXPECT_NE(missing, std::string::npos) << result.describe();
  EXPECT_NE(differs, std::string::npos) << result.describe();
  EXPECT_LT(missing, differs);
}

}  // namespace
}  // namespace xvnet::test
