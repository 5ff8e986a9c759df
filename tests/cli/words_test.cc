// SPDX-License-Identifier: BSD-2-Clause
//
// The marks in the library's messages become what the operator types: in a command, or in a file.
#include <gtest/gtest.h>

#include "cli/command.h"
#include "cli/fields.h"

namespace xvnet::test {

namespace {

TEST(Marks, OfFieldsBecomeOptions) {
  EXPECT_EQ(cli::with_options("use ‹mode› tc"), "use --mode tc");
  EXPECT_EQ(cli::with_options("‹boot_server› and ‹snat_exceptions›"),
            "--boot-server and --snat-except");
  EXPECT_EQ(cli::with_options("‹force› is an option only"), "--force is an option only");
  EXPECT_EQ(cli::with_options("nothing"), "nothing");
  EXPECT_EQ(cli::with_options("‹mode"), "‹mode");
}

TEST(Marks, InAQuotedNameStay) {
  EXPECT_EQ(cli::for_operator("\"‹mode›\": use ‹mode› tc", "xvnet"), "\"‹mode›\": use --mode tc");
  EXPECT_EQ(cli::for_operator("\"a\\\"«x»\" «down»", "xvnet"), "\"a\\\"«x»\" xvnet down");
  EXPECT_EQ(cli::for_operator("one \" and ‹mode›", "xvnet"), "one \" and --mode");
}

TEST(Marks, OfFieldsBecomeKeysOfTheFile) {
  EXPECT_EQ(cli::with_keys("‹boot_server› and ‹snat_exceptions›"),
            "\"boot_server\" and \"snat_exceptions\"");
  EXPECT_EQ(cli::with_keys("use ‹force›"), "use --force");
}

TEST(Marks, OfCommandsBecomeCommandsOfTheInstance) {
  const std::string message = "«restore», or «attach» tap0 ‹vlan› 10";
  EXPECT_EQ(cli::for_operator(message, "xvnet"), "xvnet restore, or xvnet attach tap0 --vlan 10");
  EXPECT_EQ(cli::for_operator(message, "blue"),
            "xvnet --instance blue restore, or xvnet --instance blue attach tap0 --vlan 10");
  EXPECT_EQ(cli::for_operator("", "blue"), "");
}

}  // namespace

}  // namespace xvnet::test
