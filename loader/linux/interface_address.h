// SPDX-License-Identifier: BSD-2-Clause
//
// Addresses of interfaces in netlink messages (rtnetlink(7), struct ifaddrmsg).
#pragma once

#include <linux/netlink.h>
#include <netlink/addr.h>
#include <netlink/attr.h>

#include <memory>

namespace xvnet {

struct PutAddress {
  void operator()(nl_addr* address) const { nl_addr_put(address); }
};
using NetlinkAddress = std::unique_ptr<nl_addr, PutAddress>;

// Returns the interface's own address in an RTM_NEWADDR message, or null. On a point-to-point link
// IFA_ADDRESS is the peer's address, so IFA_LOCAL takes precedence.
const nlattr* interface_address(const nlmsghdr* message);

}  // namespace xvnet
