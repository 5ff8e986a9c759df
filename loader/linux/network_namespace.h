// SPDX-License-Identifier: BSD-2-Clause
//
// Other network namespaces: finding one by its id, and working inside it.
#pragma once

#include <sched.h>

#include <cerrno>
#include <concepts>
#include <optional>
#include <thread>

#include "loader/linux/file_descriptor.h"
#include "loader/result.h"

namespace xvnet {

// Searches the namespaces that have a name under /run/netns or a process in them. `id` is the nsid
// (RTM_GETNSID) in the calling thread's namespace. Nothing: not found, or hidden from this process.
std::optional<FileDescriptor> find_network_namespace(int id);

// The answer of `work` when run inside `network_namespace`; a thread of its own enters it, the
// caller stays where it is.
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
