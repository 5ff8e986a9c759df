// SPDX-License-Identifier: BSD-2-Clause
//
// bpf/gateway/dhcp_reply.h: options of the client that the reply must repeat.
#include "dhcp_fixture.h"

namespace xvnet::test {
namespace {

class DhcpEcho : public DhcpFixture {
 protected:
  DhcpEcho() { serve(); }
};
INSTANTIATE_TEST_SUITE_P(Hooks, DhcpEcho, tc_alone(), hook_name);

// RFC 6842, 3: every reply returns the client identifier unaltered.
TEST_P(DhcpEcho, AClientIdentifierIsReturned) {
  for (const size_t size : {1, 2, 7, 17, 63, 64}) {
    Bytes client(size, 0xab);
    client.front() = 255;
    client.back() = static_cast<uint8_t>(size);
    for (const Message& message :
         {Message{.type = kDiscover, .options = {{61, client}}},
          Message{.type = kRequest, .options = {{50, kLeased}, {61, client}}},
          Message{.type = kInform, .options = {{61, client}}, .ciaddr = kLeased},
          Message{.type = kRequest, .options = {{50, kWrong}, {61, client}}}}) {
      const Bytes reply = reply_to(message);
      EXPECT_EQ(options_of(reply).at(61), client) << size;
      EXPECT_LE(reply.size(), 590u);
    }
  }
  const Bytes reply = reply_to({.type = kDiscover, .options = {{61, Bytes{1, 2, 3}}}});
  expect_head(reply, kOffer, kLeased);
  expect_lease(reply);
  EXPECT_FALSE(options_of(reply_to({.type = kDiscover})).contains(61));
  EXPECT_FALSE(
      options_of(reply_to({.type = kDiscover, .options = {{61, Bytes(65)}}})).contains(61));
}

// UEFI, 24.7: firmware that boots by HTTP accepts only offers with its vendor class.
TEST_P(DhcpEcho, HttpBootOfferHasItsVendorClass) {
  const auto bytes = [](const std::string& text) { return Bytes(text.begin(), text.end()); };
  const Bytes reply = reply_to(
      {.type = kDiscover,
       .options = {{60, bytes("HTTPClient:Arch:00016:UNDI:003001")}, {61, Bytes(17, 0xcd)}}});
  EXPECT_EQ(options_of(reply).at(60), bytes("HTTPClient"));
  EXPECT_EQ(options_of(reply).at(61), Bytes(17, 0xcd));
  expect_lease(reply);
  for (const char* other : {"PXEClient:Arch:00000", "HTTPClien", "HTTPCliend", "httpclient"})
    EXPECT_FALSE(
        options_of(reply_to({.type = kDiscover, .options = {{60, bytes(other)}}})).contains(60));
}

// The reply grows so that it holds the client identifier and the whole lease.
TEST_P(DhcpEcho, FullLeaseFitsBehindAClientIdentifier) {
  abi::lease full = lease_of_a();
  std::fill(std::begin(full.options), std::end(full.options), 0);
  constexpr uint8_t kLong = 200, kShort = 60;
  Bytes options = {15, kLong};
  append(options, Bytes(kLong, 'x'));
  append(options, {12, kShort});
  append(options, Bytes(kShort, 'y'));
  append(options, {3, 4, 10, 0, 0, 254, 255});
  std::ranges::copy(options, full.options);
  rig_.set_lease(kRed, "a", full);
  const auto said = options_of(reply_to({.type = kDiscover, .options = {{61, Bytes{9, 9}}}}));
  EXPECT_EQ(said.at(61), (Bytes{9, 9}));
  EXPECT_EQ(said.at(15), Bytes(kLong, 'x'));
  EXPECT_EQ(said.at(12), Bytes(kShort, 'y'));
  EXPECT_EQ(said.at(3), kGatewayIp);
}

}  // namespace
}  // namespace xvnet::test
