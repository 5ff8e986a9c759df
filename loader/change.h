// SPDX-License-Identifier: BSD-2-Clause
//
// Change: a command at work. Every step is done at once and remembered with its opposite; unless
// the change is committed, the steps are undone in reverse. What cannot be undone, deleting a
// device, waits for the commit.
//
// Before its first write to the tables a change marks the instance as unsettled. The mark goes with
// the commit, or when every step is undone; where it stays, the next command repairs (tidy.h).
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "loader/kernel.h"
#include "loader/tables.h"

namespace xvnet {

// The alias of a TAP that xvnet made and left to the VM that has it open: where no table remembers
// who made it, the TAP does.
inline constexpr const char* kKeptAlias = "kept by xvnet";

class Change {
 public:
  Change(Kernel& kernel, Tables& tables) : kernel_(&kernel), tables_(&tables) {}
  Change(const Change&) = delete;
  Change& operator=(const Change&) = delete;

  const Kernel& kernel() const { return *kernel_; }
  Tables& tables() { return *tables_; }
  bool did_anything() const { return !undo_.empty() || !deletions_.empty(); }

  // An entry that has the value already is left alone.
  template <typename K, typename V>
  Result<void> put(Map<K, V>& map, const K& key, const V& value) {
    auto before = map.find(key);
    if (!before) return std::unexpected(std::move(before).error());
    if (*before && std::memcmp(&**before, &value, sizeof value) == 0) return {};
    XVNET_TRY(unsettle());
    if (auto done = map.put(key, value); !done) return done;
    remember_entry(map, key, *before);
    return {};
  }

  template <typename K, typename V>
  Result<void> erase(Map<K, V>& map, const K& key) {
    auto before = map.find(key);
    if (!before) return std::unexpected(std::move(before).error());
    if (!*before) return {};
    XVNET_TRY(unsettle());
    if (auto done = map.erase(key); !done) return done;
    remember_entry(map, key, *before);
    return {};
  }

  // The entry of meta has the mark in it, so nobody writes it but from what it is now.
  template <typename Edit>
  Result<void> edit_meta(Edit edit) {
    XVNET_TRY(unsettle());
    auto value = tables_->meta.find(0);
    if (!value) return std::unexpected(std::move(value).error());
    abi::meta edited = value->value_or(abi::meta{});
    edit(edited);
    return put(tables_->meta, 0u, edited);
  }

  // Whether the command before came to its end, with all it did or without.
  Result<bool> is_settled() const;
  // What the one before left unsettled is as it should be once this change is committed.
  void settle_former() { mark_ = Mark::kFormers; }

  // A step that failed because its device is gone is done: nothing of the device is left to be
  // changed, or to be changed back. That holds for every step on a device below; whoever brings a
  // device in looks at the end whether it is still there.
  Result<void> unless_gone(std::uint32_t ifindex, Result<void> step) const;

  // The same of a veth's other end: the kernel deletes a namespace, and then what is in it.
  Result<void> unless_peer_gone(std::uint32_t ifindex, Result<void> step) const;

  Result<Link> create_tap(const TapSpec& spec);
  Result<void> create_veth(const std::string& name, const std::string& peer);
  // Of a link that is down.
  Result<void> set_name(const Link& link, const std::string& name);
  Result<void> set_alias(const Link& link, const std::string& alias);
  Result<void> set_up(const Link& link, bool up);
  // A small MTU takes a link's IPv6 away, with its settings, and a larger one brings another with
  // the defaults: undone, it has those of before.
  Result<void> set_mtu(const Link& link, std::uint32_t mtu);
  Result<void> set_promiscuous(const Link& link, bool on);
  Result<void> set_master(const Link& link, std::uint32_t master);
  // As the link is now, for an MTU that was changed may have brought IPv6.
  Result<void> silence(const Link& link);
  Result<void> set_noise(const Link& link, const Noise& noise);
  // Also of a device that is gone.
  Result<void> set_backstop(std::uint32_t ifindex, bool on);
  Result<void> guard(const Link& link, HostAddresses addresses);
  Result<void> add_address(std::uint32_t ifindex, const std::string& cidr);
  Result<void> remove_address(std::uint32_t ifindex, const std::string& cidr);
  Result<void> set_forwarding(const Link& link, bool on);
  Result<void> set_accept_local(const Link& link, bool on);
  Result<void> set_reserved_ports(const PortSet& ports);
  // Stays, whatever becomes of the change: nobody goes on in them whom no table leads there.
  Result<void> load_continuations() { return kernel_->load_continuations(); }
  // The entry of the device map by which frames are redirected to the device.
  Result<void> put_device(std::uint32_t ifindex);
  Result<void> erase_device(std::uint32_t ifindex);
  void wait_for_programs() { kernel_->wait_for_programs(); }
  Result<void> set_feature(std::uint32_t ifindex, Feature feature, bool on);
  Result<void> set_peer_feature(std::uint32_t ifindex, Feature feature, bool on);
  Result<void> attach(Program program, std::uint32_t ifindex, Hook hook, bool share_xdp);
  // `program` and `share_xdp` are those it was attached with.
  Result<void> detach(Program program, std::uint32_t ifindex, Hook hook, bool share_xdp);
  // Not a TAP that a VM has open: it is kept, and a warning says so.
  void delete_on_commit(std::uint32_t ifindex) { deletions_.push_back(ifindex); }
  // Forgotten after the devices are deleted, so that a killed command knows what it still had to
  // delete.
  template <typename K, typename V>
  void erase_on_commit(Map<K, V>& map, const K& key) {
    last_.push_back([&map, key] { return map.erase(key); });
  }

  // A public address, to the neighbours of its uplink. It works without: a failure is a warning.
  void announce_on_commit(std::uint32_t ifindex, Ipv4 address) {
    announcements_.push_back({ifindex, address});
  }
  // What the commit could not do, and what is no reason to fail.
  std::vector<std::string> take_warnings() { return std::move(warnings_); }

  // The device that was announced last has an owner now, or is deleted with the commit.
  void settle_announcement() { announced_ = true; }

  Result<void> commit();
  // Undoes everything and returns `cause`, extended by what could not be undone.
  Error roll_back(Error cause);

 private:
  enum class Mark {
    kNone,     // this change has written nothing
    kOwn,      // it has, and found the instance settled
    kFormers,  // the command before has left the mark
  };

  Result<void> unsettle();
  Result<void> settle();

  // Notes in the tables which device is about to be made, until its record says whose it is.
  Result<void> announce(const std::string& device);

  void remember(std::function<Result<void>()> opposite) { undo_.push_back(std::move(opposite)); }

  template <typename K, typename V>
  void remember_entry(Map<K, V>& map, const K& key, const std::optional<V>& before) {
    remember([&map, key, before] { return before ? map.put(key, *before) : map.erase(key); });
  }

  void remember_of_device(std::uint32_t ifindex, std::function<Result<void>()> opposite);

  Result<void> delete_or_keep(std::uint32_t ifindex);

  struct Announcement {
    std::uint32_t ifindex;
    Ipv4 address;
  };
  void send_announcements();

  Kernel* kernel_;
  Tables* tables_;
  std::vector<std::function<Result<void>()>> undo_;
  std::vector<std::uint32_t> deletions_;
  Mark mark_ = Mark::kNone;
  bool is_past_undo_ = false;  // something is deleted, and stays so
  bool announced_ = false;
  std::vector<std::function<Result<void>()>> last_;
  std::vector<Announcement> announcements_;
  std::vector<std::string> warnings_;
};

}  // namespace xvnet
