// SPDX-License-Identifier: BSD-2-Clause
//
// Addresses of interfaces as netlink carries them (rtnetlink(7), struct ifaddrmsg).
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

// The interface's own address of an RTM_NEWADDR message, or null. Where the address of the other
// end is given, that is IFA_ADDRESS.
const nlattr* interface_address(const nlmsghdr* message);

}  // namespace xvnet
