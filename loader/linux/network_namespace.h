// SPDX-License-Identifier: BSD-2-Clause
//
// Finds other network namespaces by their id, and runs code inside them.
#pragma once

#include <sched.h>

#include <cerrno>
#include <concepts>
#include <optional>
#include <thread>

#include "loader/base/result.h"
#include "loader/linux/file_descriptor.h"

namespace xvnet {

// Searches the namespaces that have a name under /run/netns or a process. `id` is the nsid
// (RTM_GETNSID) as seen from the calling thread's namespace. Returns nothing if the namespace is
// not found, or is hidden from this process.
std::optional<FileDescriptor> find_network_namespace(int id);

// Runs `work` inside `network_namespace`, in a separate thread, and returns its result. The calling
// thread stays in its namespace.
template <std::invocable Work>
std::invoke_result_t<Work> run_inside(const FileDescriptor& network_namespace, Work work) {
  std::invoke_result_t<Work> result = fail("enter network namespace: the thread did not run");
  std::thread([&] {
    if (setns(network_namespace.get(), CLONE_NEWNET)) {
      result = fail_errno(errno, "enter network namespace");
    } else {
      result = work();
    }
  }).join();
  return result;
}

}  // namespace xvnet
