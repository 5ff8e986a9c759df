// SPDX-License-Identifier: BSD-2-Clause
//
// Changes links and their addresses, in the network namespace of the calling thread.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "loader/base/host.h"
#include "loader/base/ip_address.h"
#include "loader/base/result.h"

namespace xvnet {

// A MAC for a device that xvnet creates: unicast, locally administered. If the kernel chose the
// MAC, systemd-udevd would replace it some time later (systemd.link(5),
// MACAddressPolicy=persistent).
Result<Mac> random_mac();
Result<void> create_veth_pair(std::string_view name, std::string_view peer);
Result<void> set_link_name(std::uint32_t ifindex, std::string_view name);
Result<void> set_link_alias(std::uint32_t ifindex, std::string_view alias);
Result<void> delete_link_by_index(std::uint32_t ifindex);
// Sets or clears each of `flags` (IFF_UP, IFF_PROMISC, IFF_NOARP); other flags stay.
Result<void> set_link_flags(std::uint32_t ifindex, unsigned flags, bool on);
Result<void> set_link_mtu(std::uint32_t ifindex, std::uint32_t mtu);
// Puts the link into the bridge or bond `master`; 0 removes it from its master.
Result<void> set_link_master(std::uint32_t ifindex, std::uint32_t master);
// Sets ARP, IPv6 and the mode of IPv6 address generation.
Result<void> set_link_noise(std::uint32_t ifindex, const Noise& noise);
Result<void> add_link_address(std::uint32_t ifindex, std::string_view cidr);
Result<void> remove_link_address(std::uint32_t ifindex, std::string_view cidr);
// `cidr` is "10.5.0.1/24" or "2001:db8::1/64".
Result<bool> has_link_address(std::uint32_t ifindex, std::string_view cidr);
// Returns the ifindex of the device that has the address, or 0 for none.
Result<std::uint32_t> find_address_holder(const abi::address& address);
// In the kernel's order: a primary address before its secondary ones.
Result<std::vector<InterfaceAddress>> list_ipv4_addresses(std::uint32_t ifindex);

}  // namespace xvnet
