// SPDX-License-Identifier: BSD-2-Clause
//
// Requests to the kernel over netlink, in the network namespace of the calling thread.
#pragma once

#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>

#include <expected>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "loader/base/result.h"

namespace xvnet {

// The kernel's error in answer to a request.
struct NetlinkError {
  int number = 0;    // errno
  std::string text;  // the kernel's explanation (extended ACK), or empty
};

std::unexpected<Error> fail_netlink(const NetlinkError& error, std::string doing);

// A message under construction. If a put does not fit, execute() fails.
class NetlinkMessage {
 public:
  NetlinkMessage(int type, int flags);

  template <typename T>
  NetlinkMessage& header(const T& header) {
    return check(
        nlmsg_append(message_.get(), const_cast<T*>(&header), sizeof header, NLMSG_ALIGNTO));
  }
  template <typename T>
  NetlinkMessage& put(int attribute, const T& value) {
    return check(nla_put(message_.get(), attribute, sizeof value, &value));
  }
  NetlinkMessage& put_bytes(int attribute, const void* bytes, int size);
  NetlinkMessage& put_string(int attribute, std::string_view text);
  // Attributes that `fill` puts are nested in `attribute`.
  NetlinkMessage& nest(int attribute, const std::function<void()>& fill);

  nl_msg* get() const { return message_.get(); }
  bool is_complete() const { return is_complete_; }

 private:
  NetlinkMessage& check(int result);

  struct Free {
    void operator()(nl_msg* message) const { nlmsg_free(message); }
  };
  std::unique_ptr<nl_msg, Free> message_;
  bool is_complete_ = true;
};

class NetlinkSocket {
 public:
  using Handler = std::function<void(const nlmsghdr*)>;

  // `protocol` is NETLINK_ROUTE, NETLINK_GENERIC or NETLINK_NETFILTER.
  static std::expected<NetlinkSocket, NetlinkError> open(int protocol);

  // Sends all messages at once, as nfnetlink requires for a transaction. Returns after the first
  // answer: an error, or the reply to a message with NLM_F_ACK.
  std::expected<void, NetlinkError> execute(std::span<const NetlinkMessage> messages);

  // Sends `message`, passes each answer to `handler`, and returns after the last one.
  std::expected<void, NetlinkError> execute(const NetlinkMessage& message,
                                            const Handler& handler = nullptr);

 private:
  std::expected<void, NetlinkError> await(const Handler& handler);

  struct Free {
    void operator()(nl_sock* socket) const { nl_socket_free(socket); }
  };
  explicit NetlinkSocket(nl_sock* socket) : socket_(socket) {}
  std::unique_ptr<nl_sock, Free> socket_;
};

// Executes a request on its own NETLINK_ROUTE socket.
std::expected<void, NetlinkError> execute_route(const NetlinkMessage& message,
                                                const NetlinkSocket::Handler& handler = nullptr);

}  // namespace xvnet
