// SPDX-License-Identifier: BSD-2-Clause
#include "loader/linux/backstop.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <cerrno>
#include <charconv>
#include <string>
#include <string_view>
#include <vector>

#include "loader/linux/device_name.h"
#include "loader/linux/netlink_socket.h"

namespace xvnet {
namespace {

using Done = std::expected<void, NetlinkError>;

constexpr const char* kTable = "xvnet";

constexpr std::string_view kChainPrefix = "port-";

std::string chain_of(std::uint32_t ifindex) { return fmt::format("{}{}", kChainPrefix, ifindex); }

// A chain comment as nft(8) stores it: type, length, and the text with its terminating zero
// (udata.h of libnftnl).
constexpr char kCommentType = 0;  // NFTNL_UDATA_CHAIN_COMMENT
constexpr std::size_t kCommentHeader = 2;

std::string comment_of(const std::string& text) {
  return std::string{kCommentType, static_cast<char>(text.size() + 1)} + text + '\0';
}

// Returns an empty string if the chain has no comment, or other user data.
std::string instance_of(const nlmsghdr* answer) {
  const nlattr* data =
      nlmsg_find_attr(const_cast<nlmsghdr*>(answer), sizeof(nfgenmsg), NFTA_CHAIN_USERDATA);
  if (!data) return "";
  const std::string_view bytes(static_cast<const char*>(nla_data(data)),
                               static_cast<std::size_t>(nla_len(data)));
  if (bytes.size() <= kCommentHeader || bytes[0] != kCommentType) return "";
  const std::string_view text = bytes.substr(kCommentHeader);
  return std::string(text.substr(0, text.find('\0')));
}

std::string string_of(const nlmsghdr* answer, int attribute) {
  const nlattr* found = nlmsg_find_attr(const_cast<nlmsghdr*>(answer), sizeof(nfgenmsg), attribute);
  return found ? nla_get_string(found) : "";
}

NetlinkMessage message_of(int type, int flags) {
  NetlinkMessage message((NFNL_SUBSYS_NFTABLES << 8) | type, NLM_F_REQUEST | flags);
  message.header(nfgenmsg{.nfgen_family = NFPROTO_NETDEV, .version = NFNETLINK_V0, .res_id = 0});
  return message;
}

// Begins or ends a transaction, which every change of rules needs:
// Documentation/netlink/specs/nftables.yaml.
NetlinkMessage border_of(int type) {
  NetlinkMessage message(type, NLM_F_REQUEST);
  message.header(nfgenmsg{
      .nfgen_family = AF_UNSPEC, .version = NFNETLINK_V0, .res_id = htons(NFNL_SUBSYS_NFTABLES)});
  return message;
}

// The last message of a transaction must have NLM_F_ACK.
NetlinkMessage table_message(int type, int flags) {
  NetlinkMessage message = message_of(type, flags);
  message.put_string(NFTA_TABLE_NAME, kTable);
  return message;
}

NetlinkMessage chain_message(int type, int flags, std::uint32_t ifindex) {
  NetlinkMessage message = message_of(type, flags);
  message.put_string(NFTA_CHAIN_TABLE, kTable);
  message.put_string(NFTA_CHAIN_NAME, chain_of(ifindex));
  return message;
}

NetlinkMessage new_chain(std::uint32_t ifindex, const std::string& device,
                         const std::string& instance) {
  NetlinkMessage message =
      chain_message(NFT_MSG_NEWCHAIN, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK, ifindex);
  message.nest(NFTA_CHAIN_HOOK, [&] {
    message.put(NFTA_HOOK_HOOKNUM, htonl(NF_NETDEV_INGRESS));
    message.put(NFTA_HOOK_PRIORITY, htonl(0));
    message.put_string(NFTA_HOOK_DEV, device);
  });
  message.put(NFTA_CHAIN_POLICY, htonl(NF_DROP));
  message.put_string(NFTA_CHAIN_TYPE, "filter");
  const std::string comment = comment_of(instance);
  message.put_bytes(NFTA_CHAIN_USERDATA, comment.data(), static_cast<int>(comment.size()));
  return message;
}

// The kernel has no nf_tables, or none for devices.
bool is_unsupported(int number) {
  return number == EPROTONOSUPPORT || number == EAFNOSUPPORT || number == EOPNOTSUPP ||
         number == EINVAL;
}

// Returns an empty string if the chain has no device or several.
std::string device_of(const nlmsghdr* answer) {
  const nlattr* hook =
      nlmsg_find_attr(const_cast<nlmsghdr*>(answer), sizeof(nfgenmsg), NFTA_CHAIN_HOOK);
  const nlattr* device =
      hook ? nla_find(static_cast<const nlattr*>(nla_data(hook)), nla_len(hook), NFTA_HOOK_DEV)
           : nullptr;
  return device ? nla_get_string(device) : "";
}

std::uint32_t chains_of(const nlmsghdr* answer) {
  const nlattr* use =
      nlmsg_find_attr(const_cast<nlmsghdr*>(answer), sizeof(nfgenmsg), NFTA_TABLE_USE);
  return use ? ntohl(nla_get_u32(use)) : 0;
}

}  // namespace

Done Backstops::open() {
  if (socket_) return {};
  auto opened = NetlinkSocket::open(NETLINK_NETFILTER);
  if (!opened) return std::unexpected(opened.error());
  socket_ = std::move(*opened);
  return {};
}

// The last message must have NLM_F_ACK.
template <typename... Changes>
Done Backstops::change(Changes... changes) {
  if (const Done opened = open(); !opened) return opened;
  std::vector<NetlinkMessage> batch;
  batch.push_back(border_of(NFNL_MSG_BATCH_BEGIN));
  (batch.push_back(std::move(changes)), ...);
  batch.push_back(border_of(NFNL_MSG_BATCH_END));
  const Done done = socket_->execute(batch);
  if (!done) socket_.reset();  // the socket may hold further answers
  return done;
}

Done Backstops::ask(const NetlinkMessage& question, const NetlinkSocket::Handler& handler) {
  if (const Done opened = open(); !opened) return opened;
  return socket_->execute(question, handler);
}

Done Backstops::add(std::uint32_t ifindex) {
  const std::string name = device_name(ifindex);
  if (name.empty()) return std::unexpected(NetlinkError{ENODEV, {}});
  const auto make = [&] {
    return change(table_message(NFT_MSG_NEWTABLE, NLM_F_CREATE),
                  new_chain(ifindex, name, instance_));
  };
  const Done made = make();
  if (made || made.error().number != EEXIST) return made;
  // The chain is that of a device with another name: since 6.16 a chain outlives its device and a
  // rename. Or it belongs to an instance that is gone.
  if (const Done removed = remove(ifindex); !removed) return removed;
  return make();
}

// A transaction that fails waits for all CPUs (RCU). So ask first how many chains the table has,
// instead of trying to delete it.
Done Backstops::remove(std::uint32_t ifindex) {
  std::uint32_t chains = 0;
  const Done asked = ask(table_message(NFT_MSG_GETTABLE, NLM_F_ACK),
                         [&](const nlmsghdr* answer) { chains = chains_of(answer); });
  if (!asked) return asked;
  if (chains > 1) return change(chain_message(NFT_MSG_DELCHAIN, NLM_F_ACK, ifindex));
  return change(chain_message(NFT_MSG_DELCHAIN, 0, ifindex),
                table_message(NFT_MSG_DELTABLE, NLM_F_NONREC | NLM_F_ACK));
}

Result<void> Backstops::set(std::uint32_t ifindex, bool on) {
  const Done done = on ? add(ifindex) : remove(ifindex);
  if (done || is_unsupported(done.error().number)) return {};
  if (!on && done.error().number == ENOENT) return {};
  return fail_netlink(done.error(), fmt::format("{} the backstop of device {}",
                                                on ? "add" : "remove", quoted_device(ifindex)));
}

Result<std::vector<Backstops::Place>> Backstops::list() {
  std::vector<Place> places;
  const Done done = ask(message_of(NFT_MSG_GETCHAIN, NLM_F_DUMP), [&](const nlmsghdr* answer) {
    const std::string chain = string_of(answer, NFTA_CHAIN_NAME);
    if (string_of(answer, NFTA_CHAIN_TABLE) != kTable || instance_of(answer) != instance_ ||
        !chain.starts_with(kChainPrefix))
      return;
    Place place{0, device_of(answer)};
    const char* end = chain.data() + chain.size();
    const auto number = std::from_chars(chain.data() + kChainPrefix.size(), end, place.ifindex);
    if (number.ec == std::errc() && number.ptr == end) places.push_back(std::move(place));
  });
  if (done || is_unsupported(done.error().number) || done.error().number == ENOENT) return places;
  return fail_netlink(done.error(), "list the backstops");
}

Result<bool> Backstops::lacks(std::uint32_t ifindex) {
  std::string device;
  std::string instance;
  const Done done =
      ask(chain_message(NFT_MSG_GETCHAIN, NLM_F_ACK, ifindex), [&](const nlmsghdr* answer) {
        device = device_of(answer);
        instance = instance_of(answer);
      });
  if (done) return device != device_name(ifindex) || instance != instance_;
  if (is_unsupported(done.error().number)) return false;
  if (done.error().number == ENOENT) return true;
  return fail_netlink(done.error(),
                      fmt::format("look for the backstop of device {}", quoted_device(ifindex)));
}

}  // namespace xvnet
