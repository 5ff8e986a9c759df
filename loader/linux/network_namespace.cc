// SPDX-License-Identifier: BSD-2-Clause
#include "loader/linux/network_namespace.h"

#include <fcntl.h>
#include <linux/net_namespace.h>
#include <linux/rtnetlink.h>
#include <sys/stat.h>

#include <filesystem>
#include <set>
#include <utility>

#include "loader/linux/netlink_socket.h"

namespace xvnet {
namespace {

namespace fs = std::filesystem;

class Search {
 public:
  Search(NetlinkSocket socket, int id) : socket_(std::move(socket)), id_(id) {}

  // Returns the namespace at `path` if it is the wanted one.
  std::optional<FileDescriptor> examine(const fs::path& path) {
    struct stat status;
    if (stat(path.c_str(), &status) || !seen_.insert({status.st_dev, status.st_ino}).second) {
      return std::nullopt;
    }
    FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file.is_open() || id_of(file) != id_) return std::nullopt;
    return file;
  }

 private:
  int id_of(const FileDescriptor& file) {
    int id = NETNSA_NSID_NOT_ASSIGNED;
    NetlinkMessage message(RTM_GETNSID, NLM_F_REQUEST | NLM_F_ACK);
    message.header(rtgenmsg{}).put(NETNSA_FD, file.get());
    auto done = socket_.execute(message, [&](const nlmsghdr* answer) {
      auto* header = const_cast<nlmsghdr*>(answer);
      const nlattr* found = nlmsg_find_attr(header, sizeof(rtgenmsg), NETNSA_NSID);
      if (found) id = nla_get_s32(found);
    });
    return done ? id : NETNSA_NSID_NOT_ASSIGNED;
  }

  NetlinkSocket socket_;
  int id_;
  std::set<std::pair<dev_t, ino_t>> seen_;
};

}  // namespace

std::optional<FileDescriptor> find_network_namespace(int id) {
  auto socket = NetlinkSocket::open(NETLINK_ROUTE);
  if (!socket || id < 0) return std::nullopt;
  Search search(std::move(*socket), id);
  std::error_code ignored;  // a directory that cannot be read is skipped
  for (const auto& entry : fs::directory_iterator("/run/netns", ignored)) {
    if (auto found = search.examine(entry.path())) return found;
  }
  fs::directory_iterator processes("/proc", ignored);
  for (; processes != fs::directory_iterator(); processes.increment(ignored)) {
    std::string name = processes->path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    if (auto found = search.examine(processes->path() / "ns/net")) return found;
  }
  return std::nullopt;
}

}  // namespace xvnet
