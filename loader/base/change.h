// SPDX-License-Identifier: BSD-2-Clause
//
// Change: the transaction of one command. It applies each step at once and records the opposite
// step. Without a commit, it undoes the steps in reverse order. Steps that cannot be undone, such
// as the deletion of a device, wait for the commit.
//
// Before its first write to a table, a change marks the instance as unsettled (abi::meta::settled).
// The commit clears the mark, and so does a complete rollback. If the mark stays, the next command
// repairs the tables (recover.h).
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "loader/base/host.h"
#include "loader/base/tables.h"

namespace xvnet {

// Alias of a TAP that xvnet created and could not delete because a VM has it open. It records that
// xvnet created the TAP when no table does.
inline constexpr const char* kKeptAlias = "kept by xvnet";

class Change {
 public:
  Change(Host& host, Tables& tables) : host_(&host), tables_(&tables) {}
  Change(const Change&) = delete;
  Change& operator=(const Change&) = delete;

  const Host& host() const { return *host_; }
  Tables& tables() { return *tables_; }
  bool did_anything() const { return !undo_.empty() || !deletions_.empty(); }

  // Does not write an entry that already has the value.
  template <typename K, typename V>
  Result<void> put(Table<K, V>& table, const K& key, const V& value) {
    auto before = table.find(key);
    if (!before) return std::unexpected(std::move(before).error());
    if (*before && std::memcmp(&**before, &value, sizeof value) == 0) return {};
    XVNET_TRY(unsettle());
    if (auto done = table.put(key, value); !done) return done;
    remember_entry(table, key, *before);
    return {};
  }

  template <typename K, typename V>
  Result<void> erase(Table<K, V>& table, const K& key) {
    auto before = table.find(key);
    if (!before) return std::unexpected(std::move(before).error());
    if (!*before) return {};
    XVNET_TRY(unsettle());
    if (auto done = table.erase(key); !done) return done;
    remember_entry(table, key, *before);
    return {};
  }

  // Edits the current entry of `meta`. It holds the unsettled mark, so it must not be overwritten
  // with an older copy.
  template <typename Edit>
  Result<void> edit_meta(Edit edit) {
    XVNET_TRY(unsettle());
    auto value = tables_->meta.find(0);
    if (!value) return std::unexpected(std::move(value).error());
    abi::meta edited = value->value_or(abi::meta{});
    edit(edited);
    return put(tables_->meta, 0u, edited);
  }

  // Whether the previous command completed: it was committed or rolled back entirely.
  Result<bool> is_settled() const;
  // Makes the commit clear the mark that an interrupted command left.
  void settle_previous() { mark_ = Mark::kPrevious; }

  // Turns the failure of a step into success if the device is gone: nothing is left to change or to
  // restore. All steps below that change a device do this. A caller that adds a device must check
  // at the end that it still exists.
  Result<void> unless_gone(std::uint32_t ifindex, Result<void> step) const;

  // Turns the failure of a step on a veth's peer into success if the peer is gone. When a namespace
  // is deleted, the kernel deletes its devices.
  Result<void> unless_peer_gone(std::uint32_t ifindex, Result<void> step) const;

  Result<Link> create_tap(const TapSpec& spec);
  Result<void> create_veth(const std::string& name, const std::string& peer);
  // The link must be down.
  Result<void> set_name(const Link& link, const std::string& name);
  Result<void> set_alias(const Link& link, const std::string& alias);
  Result<void> set_up(const Link& link, bool up);
  // Undo also restores the ARP and IPv6 settings: an MTU below 1280 removes the link's IPv6 state,
  // and a larger MTU creates it again with defaults.
  Result<void> set_mtu(const Link& link, std::uint32_t mtu);
  Result<void> set_promiscuous(const Link& link, bool on);
  Result<void> set_master(const Link& link, std::uint32_t master);
  // Turns ARP and IPv6 off. It reads the current link, because an MTU change may have enabled IPv6.
  Result<void> disable_host_stack(const Link& link);
  Result<void> set_noise(const Link& link, const Noise& noise);
  // Removal also works for a device that is gone.
  Result<void> set_backstop(std::uint32_t ifindex, bool on);
  Result<void> guard(const Link& link, HostAddresses addresses);
  Result<void> add_address(std::uint32_t ifindex, const std::string& cidr);
  Result<void> remove_address(std::uint32_t ifindex, const std::string& cidr);
  Result<void> set_forwarding(const Link& link, bool on);
  Result<void> set_accept_local(const Link& link, bool on);
  Result<void> set_reserved_ports(const PortSet& ports);
  // Loads the tail-called programs. This is not undone: an unused tail-call target is never
  // reached.
  Result<void> load_tail_calls() { return host_->load_tail_calls(); }
  // Adds or removes the device's entry in the device map, the target of redirected frames.
  Result<void> put_device(std::uint32_t ifindex);
  Result<void> erase_device(std::uint32_t ifindex);
  void wait_for_programs() { host_->wait_for_programs(); }
  Result<void> set_feature(std::uint32_t ifindex, Feature feature, bool on);
  Result<void> set_peer_feature(std::uint32_t ifindex, Feature feature, bool on);
  Result<void> attach(Program program, std::uint32_t ifindex, Hook hook, bool share_xdp);
  // `program` and `share_xdp` must be those of the attachment; undo attaches with them again.
  Result<void> detach(Program program, std::uint32_t ifindex, Hook hook, bool share_xdp);
  // Deletes the device on commit. A TAP that a VM has open is kept, with a warning.
  void delete_on_commit(std::uint32_t ifindex) { deletions_.push_back(ifindex); }
  // Erases the entry after the devices are deleted. Until then it tells the next command what an
  // interrupted one still had to delete.
  template <typename K, typename V>
  void erase_on_commit(Table<K, V>& table, const K& key) {
    last_.push_back([&table, key] { return table.erase(key); });
  }

  // Announces a public address to the neighbours of its uplink after the commit. A failure is only
  // a warning: neighbours learn the address later by ARP.
  void announce_on_commit(std::uint32_t ifindex, Ipv4 address) {
    announcements_.push_back({ifindex, address});
  }
  // Returns, and clears, what the commit could not do but does not fail for.
  std::vector<std::string> drain_warnings() { return std::move(warnings_); }

  // Clears the note of note_creation() on commit: the device has a record now, or the commit
  // deletes it.
  void drop_note_on_commit() { drops_note_ = true; }

  Result<void> commit();
  // Undoes all steps. Returns `cause`, extended by the steps that could not be undone.
  Error roll_back(Error cause);

 private:
  enum class Mark {
    kNone,      // this change has written nothing yet
    kOwn,       // set by this change; the instance was settled before
    kPrevious,  // set by the previous command, which was interrupted
  };

  Result<void> unsettle();
  Result<void> settle();

  // Notes in `meta` the device that is about to be created, until a port record owns it.
  Result<void> note_creation(const std::string& device);

  void remember(std::function<Result<void>()> opposite) { undo_.push_back(std::move(opposite)); }

  template <typename K, typename V>
  void remember_entry(Table<K, V>& table, const K& key, const std::optional<V>& before) {
    remember([&table, key, before] { return before ? table.put(key, *before) : table.erase(key); });
  }

  void remember_of_device(std::uint32_t ifindex, std::function<Result<void>()> opposite);

  Result<void> delete_or_keep(std::uint32_t ifindex);

  struct Announcement {
    std::uint32_t ifindex;
    Ipv4 address;
  };
  void send_announcements();

  Host* host_;
  Tables* tables_;
  std::vector<std::function<Result<void>()>> undo_;
  std::vector<std::uint32_t> deletions_;
  Mark mark_ = Mark::kNone;
  bool is_past_undo_ = false;  // a device was deleted, which cannot be undone
  bool drops_note_ = false;
  std::vector<std::function<Result<void>()>> last_;
  std::vector<Announcement> announcements_;
  std::vector<std::string> warnings_;
};

}  // namespace xvnet
