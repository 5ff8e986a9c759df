// SPDX-License-Identifier: BSD-2-Clause
//
// Links of a test's namespaces. Frequent operations use rtnetlink directly, because starting a
// program is most of their cost. The others use iproute2 and ethtool.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "netns.h"

namespace xvnet::test {

// Adds a veth pair across two namespaces, or within one. Both ends are down. `ifindex` is that of
// the first end. 0 means the next free one.
void add_veth(const NetNs& a, const std::string& name_a, const NetNs& b, const std::string& name_b,
              int ifindex = 0);
void delete_link(const NetNs& ns, const std::string& dev);

void set_up(const NetNs& ns, const std::string& dev);
void set_down(const NetNs& ns, const std::string& dev);
void set_mac(const NetNs& ns, const std::string& dev, const std::string& mac);
void set_mtu(const NetNs& ns, const std::string& dev, int mtu);
void add_address(const NetNs& ns, const std::string& dev, const std::string& cidr);

// 0 when the device does not exist.
int ifindex(const NetNs& ns, const std::string& dev);
bool exists(const NetNs& ns, const std::string& dev);
bool is_up(const NetNs& ns, const std::string& dev);
// True when the device is up, has a carrier and can send. The kernel gives a device its queue some
// time after the carrier appears, and silently drops earlier frames.
bool is_ready(const NetNs& ns, const std::string& dev);
// Waits until the device is ready. Throws a SetupError if it does not become ready.
void await_ready(const NetNs& ns, const std::string& dev);
std::string mac_of(const NetNs& ns, const std::string& dev);
// The object that `ip -details -statistics -json link show DEV` prints.
nlohmann::json link_info(const NetNs& ns, const std::string& dev);

// Features have the names that `ethtool -k` shows ("rx-vlan-offload"). Changing a fixed feature
// throws a SetupError.
bool feature(const NetNs& ns, const std::string& dev, const std::string& name);
void set_feature(const NetNs& ns, const std::string& dev, const std::string& name, bool on);

// Prepares the far end of a veth pair for XDP on the near end. A redirect into a veth needs NAPI on
// its peer, which GRO turns on. XDP on the near end also cannot see a tag that the far end leaves
// in metadata, so tags stay in the frame.
void prepare_far_end(const NetNs& ns, const std::string& dev);

}  // namespace xvnet::test
