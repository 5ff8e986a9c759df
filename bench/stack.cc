// SPDX-License-Identifier: BSD-2-Clause
#include "stack.h"

#include <fmt/format.h>

#include "link.h"

namespace xvnet::bench {

std::string vm_mac(size_t vm) {
  return fmt::format("02:00:00:01:{:02x}:{:02x}", vm >> 8, vm & 255);
}

std::string vm_ip(size_t vm) { return fmt::format("10.0.0.{}", vm + 2); }

void Stack::open_vm(size_t vm, const test::TapOptions& options) {
  test::TapOptions here = options;
  here.create_missing = true;
  vms_.push_back(std::make_unique<TapPlace>(ns(), tap_name(vm), here));
}

void Stack::add_wire(Wire kind) {
  if (kind == Wire::kTap) {
    const test::TapOptions plain{.vnet_header = 0, .create_missing = true};
    wire_ = std::make_unique<TapPlace>(ns(), kWireName, plain);
    test::set_mac(ns(), kWireName, kUplinkMac);
    test::set_up(ns(), kWireName);
  } else {
    test::add_veth(ns(), kWireName, far_, "far0");
    test::set_mac(ns(), kWireName, kUplinkMac);
    test::set_mac(far_, "far0", kRouterMac);
    test::prepare_far_end(far_, "far0");
    test::set_up(ns(), kWireName);
    test::set_up(far_, "far0");
    wire_ = std::make_unique<VethPlace>(far_, "far0");
  }
  test::await_ready(ns(), kWireName);
}

void Stack::route_to_router() const {
  test::add_address(ns(), kWireName, std::string(kHostIp) + "/24");
  ns().must({"ip", "neigh", "replace", kRouterIp, "lladdr", kRouterMac, "dev", kWireName, "nud",
             "permanent"});
  ns().must({"ip", "route", "add", "default", "via", kRouterIp});
}

BareStack::BareStack(const Layout& layout, Program program) {
  for (size_t vm = 0; vm < layout.vms; vm++) {
    open_vm(vm, layout.tap);
    test::set_up(ns(), tap_name(vm));
    test::await_ready(ns(), tap_name(vm));
  }
  program_.emplace(ns(), tap_name(0), program,
                   Attachment::Settings{.target_ifindex = test::ifindex(ns(), tap_name(1))});
}

}  // namespace xvnet::bench
