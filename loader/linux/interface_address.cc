// SPDX-License-Identifier: BSD-2-Clause
#include "loader/linux/interface_address.h"

#include <linux/if_addr.h>
#include <netlink/msg.h>

namespace xvnet {

const nlattr* interface_address(const nlmsghdr* message) {
  auto* header = const_cast<nlmsghdr*>(message);
  const nlattr* local = nlmsg_find_attr(header, sizeof(ifaddrmsg), IFA_LOCAL);
  return local ? local : nlmsg_find_attr(header, sizeof(ifaddrmsg), IFA_ADDRESS);
}

}  // namespace xvnet
