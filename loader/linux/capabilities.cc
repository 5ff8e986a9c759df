// SPDX-License-Identifier: BSD-2-Clause
#include "loader/linux/capabilities.h"

#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace xvnet {

Result<std::vector<std::string>> missing_capabilities() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {};
  if (syscall(SYS_capget, &header, data)) return fail_errno(errno, "read the capabilities");
  auto has = [&](int capability) {
    return (data[CAP_TO_INDEX(capability)].effective & CAP_TO_MASK(capability)) != 0;
  };
  // CAP_SYS_ADMIN includes the capabilities that were split from it: capabilities(7).
  bool is_admin = has(CAP_SYS_ADMIN);
  std::vector<std::string> missing;
  if (!has(CAP_BPF) && !is_admin) missing.emplace_back("CAP_BPF");
  if (!has(CAP_NET_ADMIN)) missing.emplace_back("CAP_NET_ADMIN");
  if (!has(CAP_PERFMON) && !is_admin) missing.emplace_back("CAP_PERFMON");
  return missing;
}

}  // namespace xvnet
