// SPDX-License-Identifier: BSD-2-Clause
//
// Records of maps/records.h, with their keys, and their fields in the types of the loader.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "loader/base/tables.h"
#include "loader/model/request.h"

namespace xvnet {

struct Network {
  std::uint32_t id = 0;
  abi::network_record record{};
};

Result<std::optional<Network>> find_network(Tables& tables, std::string_view name);

std::optional<Subnet> subnet_of(const abi::network_record& record);
// The network's own addresses: those of its gateway and of the host.
std::vector<Ipv4> own_addresses(const abi::network_record& record);
std::vector<std::string> host_addresses_of(const abi::network_record& record);

bool has_snat(const abi::network_record& record);
// The configured addresses; none with --snat auto.
std::vector<Ipv4> snat_addresses(const abi::network_record& record);
SnatFilter snat_filter(const abi::network_record& record);
std::vector<Subnet> snat_exceptions(const abi::network_record& record);
std::vector<abi::nat_range> ranges_of(const abi::nat_network& network);

struct PortEntry {
  std::uint32_t ifindex = 0;
  abi::port_record record{};
};

std::vector<Ipv4> addresses_of(const abi::port_record& record);
// The addresses that the port shares with other ports (--allow).
std::vector<Ipv4> allowed_of(const abi::port_record& record);

VidSet vids_of(const abi::uplink_record& record);

}  // namespace xvnet
