// SPDX-License-Identifier: BSD-2-Clause
//
// Links of a test's namespaces. What tests do many times over goes by rtnetlink itself, for
// starting a program is most of what it costs; the rest by iproute2 and ethtool.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "netns.h"

namespace xvnet::test {

// A veth pair across two namespaces (or within one), both ends down. `ifindex` of the first; 0: the
// next.
void add_veth(const NetNs& a, const std::string& name_a, const NetNs& b, const std::string& name_b,
              int ifindex = 0);
void delete_link(const NetNs& ns, const std::string& dev);

void set_up(const NetNs& ns, const std::string& dev);
void set_down(const NetNs& ns, const std::string& dev);
void set_mac(const NetNs& ns, const std::string& dev, const std::string& mac);
void set_mtu(const NetNs& ns, const std::string& dev, int mtu);
void add_address(const NetNs& ns, const std::string& dev, const std::string& cidr);

// 0 when there is no such device.
int ifindex(const NetNs& ns, const std::string& dev);
bool exists(const NetNs& ns, const std::string& dev);
bool is_up(const NetNs& ns, const std::string& dev);
// Up, with a carrier, and sending: the kernel gives a device its queue only some time after the
// carrier came, and silently drops what is sent before.
bool is_ready(const NetNs& ns, const std::string& dev);
// Waits for that; a SetupError when it does not come.
void await_ready(const NetNs& ns, const std::string& dev);
std::string mac_of(const NetNs& ns, const std::string& dev);
// The object that `ip -details -statistics -json link show DEV` prints.
nlohmann::json link_info(const NetNs& ns, const std::string& dev);

// Features by the names that `ethtool -k` shows ("rx-vlan-offload"); changing one that is fixed is
// a SetupError.
bool feature(const NetNs& ns, const std::string& dev, const std::string& name);
void set_feature(const NetNs& ns, const std::string& dev, const std::string& name, bool on);

// Makes the far end of a veth pair one that XDP can redirect to, and that shows tags in the frame:
// redirecting into a veth needs its peer to run NAPI, which GRO turns on, and XDP on the near end
// cannot see a tag that the far end leaves in metadata.
void prepare_far_end(const NetNs& ns, const std::string& dev);

}  // namespace xvnet::test
