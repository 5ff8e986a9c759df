// SPDX-License-Identifier: BSD-2-Clause
#include "host_server.h"

#include <fmt/format.h>

#include <filesystem>

#include "world.h"

namespace xvnet::test {

namespace {

constexpr int kHttpPort = 8080;

}  // namespace

CommandResult shell_on(const NetNs& ns, const std::string& script) {
  return run_command({"busybox", "sh", "-c", script},
                     {.netns_path = ns.path(), .environment = {}, .limit = kTransferLimit});
}

HostServer::HostServer(const NetNs& ns)
    : directory_(std::filesystem::temp_directory_path() / ("xvnet-www-" + unique_suffix())),
      prepared_(prepare()),
      httpd_({"busybox", "httpd", "-f", "-p", std::to_string(kHttpPort), "-h", directory_},
             {.netns_path = ns.path(), .environment = {}, .limit = kTransferLimit}) {
  const bool listening = eventually([&] {
    return shell_on(ns, fmt::format("busybox nc 127.0.0.1 {} </dev/null", kHttpPort)).ok();
  });
  if (!listening) throw SetupError("waiting for httpd: it does not listen");
}

HostServer::~HostServer() {
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

ServedFile HostServer::file() const { return {.port = kHttpPort, .md5 = prepared_}; }

std::string HostServer::prepare() const {
  std::filesystem::create_directory(directory_);
  const CommandResult made =
      run_command({"busybox", "sh", "-c",
                   "cd " + directory_ +
                       " && dd if=/dev/urandom of=file bs=1M count=50 2>/dev/null && "
                       "busybox md5sum <file"});
  if (!made.ok()) throw SetupError(made.describe());
  return made.out.substr(0, made.out.find('\n'));
}

}  // namespace xvnet::test
