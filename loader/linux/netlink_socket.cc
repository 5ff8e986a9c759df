// SPDX-License-Identifier: BSD-2-Clause
#include "loader/linux/netlink_socket.h"

#include <linux/netlink.h>
#include <netlink/errno.h>
#include <netlink/handlers.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <vector>

namespace xvnet {
namespace {

// The state of one exchange, which libnl's callbacks fill in.
struct Exchange {
  const NetlinkSocket::Handler* handler = nullptr;
  NetlinkError error;
  bool is_done = false;
};

std::string explanation(nlmsgerr* error) {
  nlmsghdr* answer = reinterpret_cast<nlmsghdr*>(reinterpret_cast<char*>(error) - NLMSG_HDRLEN);
  if (!(answer->nlmsg_flags & NLM_F_ACK_TLVS)) return {};
  std::size_t offset = sizeof(*error);
  if (!(answer->nlmsg_flags & NLM_F_CAPPED)) {
    offset += NLMSG_ALIGN(error->msg.nlmsg_len) - sizeof(nlmsghdr);
  }
  int left = static_cast<int>(answer->nlmsg_len) - NLMSG_HDRLEN - static_cast<int>(offset);
  if (left <= 0) return {};
  auto* first = reinterpret_cast<nlattr*>(reinterpret_cast<char*>(error) + offset);
  const nlattr* text = nla_find(first, left, NLMSGERR_ATTR_MSG);
  if (!text) return {};
  const char* bytes = static_cast<const char*>(nla_data(text));
  return std::string(bytes, strnlen(bytes, static_cast<std::size_t>(nla_len(text))));
}

int on_error(sockaddr_nl*, nlmsgerr* error, void* argument) {
  auto* exchange = static_cast<Exchange*>(argument);
  exchange->error = NetlinkError{-error->error, explanation(error)};
  exchange->is_done = true;
  return NL_STOP;
}

int on_end(nl_msg*, void* argument) {
  static_cast<Exchange*>(argument)->is_done = true;
  return NL_STOP;
}

int on_answer(nl_msg* message, void* argument) {
  auto* exchange = static_cast<Exchange*>(argument);
  if (*exchange->handler) (*exchange->handler)(nlmsg_hdr(message));
  return NL_OK;
}

struct FreeCallbacks {
  void operator()(nl_cb* callbacks) const { nl_cb_put(callbacks); }
};

}  // namespace

std::unexpected<Error> fail_netlink(const NetlinkError& error, std::string doing) {
  auto failure = fail_errno(error.number, std::move(doing));
  if (!error.text.empty()) failure.error().message += " (" + error.text + ")";
  return failure;
}

NetlinkMessage::NetlinkMessage(int type, int flags) : message_(nlmsg_alloc_simple(type, flags)) {
  if (!message_) is_complete_ = false;
}

NetlinkMessage& NetlinkMessage::check(int result) {
  if (result < 0) is_complete_ = false;
  return *this;
}

NetlinkMessage& NetlinkMessage::put_bytes(int attribute, const void* bytes, int size) {
  return check(nla_put(message_.get(), attribute, size, bytes));
}

NetlinkMessage& NetlinkMessage::put_string(int attribute, std::string_view text) {
  return check(nla_put_string(message_.get(), attribute, std::string(text).c_str()));
}

NetlinkMessage& NetlinkMessage::nest(int attribute, const std::function<void()>& fill) {
  nlattr* start = nla_nest_start(message_.get(), attribute);
  if (!start) return check(-1);
  fill();
  return check(nla_nest_end(message_.get(), start));
}

std::expected<NetlinkSocket, NetlinkError> NetlinkSocket::open(int protocol) {
  NetlinkSocket socket(nl_socket_alloc());
  if (!socket.socket_) return std::unexpected(NetlinkError{ENOMEM, {}});
  if (nl_connect(socket.socket_.get(), protocol) < 0) {
    return std::unexpected(NetlinkError{errno ? errno : EIO, {}});
  }
  nl_socket_enable_msg_peek(socket.socket_.get());
  // Without extended ACKs, errors only lack the kernel's explanation.
  int on = 1;
  setsockopt(nl_socket_get_fd(socket.socket_.get()), SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof on);
  return socket;
}

std::expected<void, NetlinkError> NetlinkSocket::await(const Handler& handler) {
  std::unique_ptr<nl_cb, FreeCallbacks> callbacks(nl_cb_alloc(NL_CB_DEFAULT));
  if (!callbacks) return std::unexpected(NetlinkError{ENOMEM, {}});
  Exchange exchange{&handler, {}, false};
  nl_cb_err(callbacks.get(), NL_CB_CUSTOM, on_error, &exchange);
  nl_cb_set(callbacks.get(), NL_CB_ACK, NL_CB_CUSTOM, on_end, &exchange);
  nl_cb_set(callbacks.get(), NL_CB_FINISH, NL_CB_CUSTOM, on_end, &exchange);
  nl_cb_set(callbacks.get(), NL_CB_VALID, NL_CB_CUSTOM, on_answer, &exchange);
  while (!exchange.is_done) {
    int received = nl_recvmsgs(socket_.get(), callbacks.get());
    if (received < 0 && !exchange.is_done) {
      return std::unexpected(NetlinkError{EIO, nl_geterror(received)});
    }
  }
  if (exchange.error.number) return std::unexpected(exchange.error);
  return {};
}

std::expected<void, NetlinkError> NetlinkSocket::execute(const NetlinkMessage& message,
                                                         const Handler& handler) {
  if (!message.is_complete()) return std::unexpected(NetlinkError{EMSGSIZE, {}});
  if (nl_send_auto(socket_.get(), message.get()) < 0)
    return std::unexpected(NetlinkError{errno ? errno : EIO, {}});
  return await(handler);
}

std::expected<void, NetlinkError> NetlinkSocket::execute(std::span<const NetlinkMessage> messages) {
  nl_socket_disable_seq_check(socket_.get());
  nl_socket_disable_auto_ack(socket_.get());
  std::vector<char> bytes;
  for (const NetlinkMessage& message : messages) {
    if (!message.is_complete()) return std::unexpected(NetlinkError{EMSGSIZE, {}});
    nl_complete_msg(socket_.get(), message.get());
    const auto* header = reinterpret_cast<const char*>(nlmsg_hdr(message.get()));
    bytes.insert(bytes.end(), header, header + NLMSG_ALIGN(nlmsg_hdr(message.get())->nlmsg_len));
  }
  if (nl_sendto(socket_.get(), bytes.data(), bytes.size()) < 0)
    return std::unexpected(NetlinkError{errno ? errno : EIO, {}});
  return await(nullptr);
}

std::expected<void, NetlinkError> execute_route(const NetlinkMessage& message,
                                                const NetlinkSocket::Handler& handler) {
  auto socket = NetlinkSocket::open(NETLINK_ROUTE);
  if (!socket) return std::unexpected(socket.error());
  return socket->execute(message, handler);
}

}  // namespace xvnet
