// SPDX-License-Identifier: BSD-2-Clause
#include "loader/commands/recover.h"

#include "loader/base/interface.h"
#include "loader/base/text.h"
#include "loader/commands/network.h"
#include "loader/commands/port.h"
#include "loader/model/binding.h"
#include "loader/model/device.h"
#include "loader/model/host_address.h"
#include "loader/model/host_side.h"
#include "loader/model/port_addresses.h"
#include "loader/model/records.h"
#include "loader/model/router.h"
#include "loader/nat/forward.h"
#include "loader/nat/nat.h"

namespace xvnet {
namespace {

// Whether an interrupted command may have left the device. A TAP gets its record before it goes up,
// so a TAP that is up is not a leftover. The host's end of a veth may be up without a record.
bool may_be_left_over(const Link& link) {
  return link.kind == LinkKind::kTap ? !link.is_up : link.kind == LinkKind::kVeth;
}

// Removes the device that an interrupted command noted, if it was created and no record owns
// it.
Result<void> remove_noted_device(Change& change) {
  auto& tables = change.tables();
  XVNET_ASSIGN(meta, tables.meta.find(0));
  if (!meta || !meta->creating[0]) return {};
  const std::string name = text_of(meta->creating);
  XVNET_ASSIGN(link, change.host().find_link(name));
  bool has_owner = false;
  XVNET_ASSIGN(ports, tables.port_records.entries());
  for (const auto& [ifindex, port] : ports) {
    const std::string port_name = text_of(port.device.name);
    has_owner |= port_name == name ||
                 (port.device.flags & abi::RECORD_HOST_SIDE && host_end_name(port_name) == name);
  }
  if (link && !has_owner && may_be_left_over(*link)) change.delete_on_commit(link->ifindex);
  change.drop_note_on_commit();
  return {};
}

Result<void> remove_unfinished_host_ports(Change& change) {
  XVNET_ASSIGN(ports, change.tables().port_records.entries());
  for (const auto& [ifindex, port] : ports)
    if (port.device.state == abi::RECORD_INCOMPLETE && port.device.flags & abi::RECORD_HOST_SIDE)
      XVNET_TRY(remove_port(change, ifindex, port, true));
  return {};
}

// Returns the network if both its record and its entry exist.
Result<std::optional<abi::network>> whole_network(Tables& tables, std::uint32_t id) {
  XVNET_ASSIGN(record, tables.network_records.find(id));
  if (!record) return std::nullopt;
  return tables.networks.find(id);
}

Result<void> remove_stray_vlans(Change& change) {
  auto& tables = change.tables();
  XVNET_ASSIGN(vlans, tables.vlans.entries());
  for (const auto& [key, id] : vlans) {
    XVNET_ASSIGN(network, whole_network(tables, id));
    if (!network || network->uplink != key.uplink || network->vid != key.vid)
      XVNET_TRY(erase_vlan(change, key));
  }
  return {};
}

Result<void> remove_stray_hosts(Change& change) {
  auto& tables = change.tables();
  XVNET_ASSIGN(entries, tables.fdb.entries());
  for (const auto& [key, entry] : entries) {
    if (entry.slot != abi::FDB_SLOT_HOST) continue;
    XVNET_ASSIGN(network, whole_network(tables, key.network));
    if (!network || network->uplink != entry.ifindex || network->vid)
      XVNET_TRY(change.erase(tables.fdb, key));
  }
  return {};
}

Result<void> remove_stray_learners(Change& change) {
  auto& tables = change.tables();
  XVNET_ASSIGN(learners, tables.learners.entries());
  for (const auto& [key, learner] : learners) {
    XVNET_ASSIGN(network, whole_network(tables, key.network));
    XVNET_ASSIGN(port, tables.port_records.find(key.ifindex));
    const bool is_port = port && port->network == key.network;
    if (!network || (network->uplink != key.ifindex && !is_port))
      XVNET_TRY(remove_learner(change, key.network, key.ifindex));
  }
  return {};
}

Result<void> remove_stray_allowed(Change& change) {
  auto& tables = change.tables();
  XVNET_ASSIGN(entries, tables.allowed.entries());
  for (const auto& [key, network] : entries) {
    XVNET_ASSIGN(port, tables.port_records.find(key.ifindex));
    if (!port || port->network != network) XVNET_TRY(change.erase(tables.allowed, key));
  }
  return {};
}

// An address must belong to a port of the network, be reserved for a detached device, or be shared
// by ports.
Result<void> repair_addresses(Change& change) {
  auto& tables = change.tables();
  XVNET_TRY(remove_stray_allowed(change));
  XVNET_ASSIGN(entries, tables.addresses.entries());
  for (auto [key, entry] : entries) {
    XVNET_ASSIGN(network, whole_network(tables, key.network));
    XVNET_ASSIGN(port, tables.port_records.find(entry.ifindex));
    XVNET_ASSIGN(is_in_use, is_kept_or_allowed(tables, key, entry));
    if (!network || !is_in_use) {
      XVNET_TRY(change.erase(tables.addresses, key));
    } else if (entry.ifindex && (!port || port->network != key.network)) {
      entry.ifindex = 0;
      XVNET_TRY(change.put(tables.addresses, key, entry));
    }
  }
  return {};
}

Result<void> remove_stray_leases(Change& change) {
  auto& tables = change.tables();
  XVNET_ASSIGN(leases, tables.leases.entries());
  for (const auto& [ifindex, lease] : leases) {
    XVNET_ASSIGN(port, tables.port_records.find(ifindex));
    if (!port || !port->network) XVNET_TRY(change.erase(tables.leases, ifindex));
  }
  return {};
}

bool may_have(const abi::network_record& record, const abi::route_key& key) {
  switch (key.kind) {
    case abi::ROUTE_OF_ROUTER:
      return record.router[0] != 0;
    case abi::ROUTE_TO_HOST:
    case abi::ROUTE_BESIDE_HOST:
      return record.address_count != 0;
    default:
      return record.snat_exception_count != 0;
  }
}

// Erases routes to networks that are gone or whose records no longer need them. Writes the routes
// to the host again.
Result<void> repair_routes(Change& change) {
  auto& tables = change.tables();
  XVNET_ASSIGN(routes, tables.routes.entries());
  for (const auto& [key, route] : routes) {
    XVNET_ASSIGN(record, tables.network_records.find(route.network));
    if (!record || !may_have(*record, key)) XVNET_TRY(change.erase(tables.routes, key));
  }
  XVNET_ASSIGN(records, tables.network_records.entries());
  for (const auto& [id, record] : records)
    if (record.address_count) XVNET_TRY(set_host_routes(change, id, host_addresses_of(record)));
  return {};
}

// A network's record is written first and erased last. So a network without a record was being
// removed, and a record without a network was being added.
Result<void> repair_networks(Change& change) {
  auto& tables = change.tables();
  XVNET_ASSIGN(networks, tables.networks.entries());
  for (const auto& [id, network] : networks) {
    XVNET_ASSIGN(record, tables.network_records.find(id));
    if (record) continue;
    XVNET_TRY(change.erase(tables.members, id));
    XVNET_TRY(change.erase(tables.networks, id));
  }
  XVNET_ASSIGN(gateways, tables.gateways.entries());
  for (const auto& [id, gateway] : gateways) {
    XVNET_ASSIGN(record, tables.network_records.find(id));
    if (!record) XVNET_TRY(change.erase(tables.gateways, id));
  }
  XVNET_TRY(repair_routes(change));
  XVNET_ASSIGN(records, tables.network_records.entries());
  for (const auto& [id, record] : records) {
    XVNET_ASSIGN(network, tables.networks.find(id));
    if (!network) XVNET_TRY(provide_gateway(change, {id, record}));
    if (!network) XVNET_TRY(change.put(tables.networks, id, loose_network(record)));
    XVNET_TRY(remove_network_if_unused(change, id));
  }
  return {};
}

// Completes bindings that an interrupted command left incomplete.
Result<void> repair_bindings(Change& change) {
  auto& tables = change.tables();
  XVNET_ASSIGN(uplinks, working_uplinks(tables, change.host()));
  XVNET_ASSIGN(records, tables.network_records.entries());
  for (const auto& [id, record] : records) {
    XVNET_ASSIGN(network, tables.networks.find(id));
    XVNET_ASSIGN(uplink, choose_uplink(tables, uplinks, id, record));
    if (network && uplink && network->uplink == uplink) XVNET_TRY(bind(change, id, uplink));
  }
  return {};
}

Result<void> repair(Change& change) {
  XVNET_TRY(remove_noted_device(change));
  XVNET_TRY(remove_unfinished_host_ports(change));
  XVNET_TRY(remove_stray_vlans(change));
  XVNET_TRY(remove_stray_hosts(change));
  XVNET_TRY(remove_stray_learners(change));
  XVNET_TRY(repair_forwards(change));
  XVNET_TRY(repair_nat(change));
  XVNET_TRY(repair_networks(change));
  XVNET_TRY(repair_addresses(change));
  return remove_stray_leases(change);
}

Result<void> provide_tail_calls(Change& change) {
  XVNET_ASSIGN(is_answered, needs_tail_calls(change.tables()));
  return is_answered ? change.load_tail_calls() : Result<void>{};
}

}  // namespace

// bind_networks() itself detects an uplink that is back, that took over VLANs, or that has another
// MAC. The bindings must be correct before repair_bindings() completes them.
Result<void> recover(Change& change, Recovery recovery) {
  XVNET_TRY(provide_tail_calls(change));
  XVNET_ASSIGN(is_settled, change.is_settled());
  if (is_settled && recovery == Recovery::kWhereUnsettled) return bind_networks(change);
  if (!is_settled) change.settle_previous();
  XVNET_TRY(repair(change));
  XVNET_TRY(bind_networks(change));
  return repair_bindings(change);
}

}  // namespace xvnet
