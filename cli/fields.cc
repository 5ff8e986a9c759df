// SPDX-License-Identifier: BSD-2-Clause
#include "cli/fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "cli/text.h"
#include "loader/base/text.h"
#include "loader/model/forward_request.h"

namespace xvnet::cli {

namespace {

// Converts one word to a value and back.
template <typename T>
struct Codec {
  Parsed<T> (*parse)(std::string_view word);
  std::string (*format)(const T& value);
  Shape shape = Shape::kText;
};

template <typename Number>
std::string format_number(const Number& number) {
  return fmt::format("{}", number);
}

std::string same(const std::string& text) { return text; }

const Codec<std::string> kText = {parse_text, same};
const Codec<std::string> kHostAddress = {parse_host_address, same};
const Codec<std::uint16_t> kVid = {parse_number<std::uint16_t>, format_number, Shape::kNumber};
const Codec<std::uint32_t> kNumber = {parse_number<std::uint32_t>, format_number, Shape::kNumber};
// Zero stands for none in the request.
const Codec<std::uint32_t> kPositive = {[](std::string_view word) {
                                          return parse_number(
                                              word, {1, std::numeric_limits<std::uint32_t>::max()});
                                        },
                                        format_number, Shape::kNumber};
const Codec<VidSet> kVids = {parse_vids, format_vids};
const Codec<Mac> kMac = {parse_mac, format_mac};
const Codec<Ipv4> kIp = {parse_ip, [](const Ipv4& ip) { return format_ipv4(ip); }};
const Codec<Ipv4> kOneIp = {parse_one_ip, [](const Ipv4& ip) { return format_ipv4(ip); }};
const Codec<Subnet> kSubnet = {parse_one_subnet, format_subnet};
const Codec<Subnet> kPrefix = {parse_any_prefix, format_subnet};
const Codec<Mode> kMode = {parse_mode,
                           [](const Mode& mode) { return std::string(format_mode(mode)); }};
const Codec<bool> kSwitch = {parse_switch, [](const bool& is_on) { return format_switch(is_on); }};
const Codec<SnatFilter> kSnatFilter = {
    parse_snat_filter, [](const SnatFilter& filter) { return format_snat_filter(filter); }};
const Codec<ForwardProtocol> kProtocol = {parse_protocol, [](const ForwardProtocol& protocol) {
                                            return std::string(format_protocol(protocol));
                                          }};

// The value of a member that is set.
template <typename Request, typename T>
const T& value_of(const Request& request, T Request::* member) {
  return request.*member;
}
template <typename Request, typename T>
const T& value_of(const Request& request, std::optional<T> Request::* member) {
  return *(request.*member);
}

std::string flag_of(std::string_view name) {
  std::string flag = "--" + std::string(name);
  std::ranges::replace(flag, '_', '-');
  return flag;
}

// A field that the caller teaches to read and write.
template <typename Request>
Field<Request> plain(std::string_view name, std::string_view value, std::string_view help,
                     Shape shape) {
  Field<Request> field;
  field.name = name;
  field.flag = flag_of(name);
  field.value = value;
  field.help = help;
  field.shape = shape;
  return field;
}

// An option with one value. The member may be a std::optional.
template <typename Request, typename Member, typename T>
Field<Request> option(std::string_view name, std::string_view value, std::string_view help,
                      Member Request::* member, const Codec<T>& codec) {
  auto field = plain<Request>(name, value, help, codec.shape);
  field.read = [=](Request& request, const Words& words) -> Parsed<void> {
    auto parsed = codec.parse(words.front());
    if (!parsed) return std::unexpected(parsed.error());
    request.*member = *std::move(parsed);
    return {};
  };
  field.write = [=](const Request& request) -> Words {
    if (request.*member == Request{}.*member) return {};
    return {codec.format(value_of(request, member))};
  };
  return field;
}

// A required argument, such as the name of the object.
template <typename Request, typename T>
Field<Request> argument(std::string_view name, std::string_view placeholder, std::string_view help,
                        T Request::* member, const Codec<T>& codec) {
  auto field = option(name, "", help, member, codec);
  field.flag = placeholder;
  field.write = [=](const Request& request) { return Words{codec.format(request.*member)}; };
  return field;
}

// An argument that is one of these words.
template <typename Request>
Field<Request> with_values(std::string_view values, Field<Request> field) {
  field.value = values;
  return field;
}

// An option that may be repeated. The member is a std::vector, or an optional one.
template <typename Request, typename Member, typename T>
Field<Request> list(std::string_view name, std::string_view value, std::string_view help,
                    Member Request::* member, const Codec<T>& codec) {
  auto field = plain<Request>(name, value, fmt::format("{}; may be repeated", help), Shape::kList);
  field.read = [=](Request& request, const Words& words) -> Parsed<void> {
    std::vector<T> values;
    for (const auto& word : words) {
      auto parsed = codec.parse(word);
      if (!parsed) return std::unexpected(parsed.error());
      values.push_back(*std::move(parsed));
    }
    request.*member = std::move(values);
    return {};
  };
  field.write = [=](const Request& request) {
    Words words;
    if (request.*member == Request{}.*member) return words;
    for (const T& value : value_of(request, member)) words.push_back(codec.format(value));
    return words;
  };
  return field;
}

// An option without a value. The member is a bool, or an optional one.
template <typename Request, typename Member>
Field<Request> flag(std::string_view name, std::string_view help, Member Request::* member) {
  auto field = plain<Request>(name, "", help, Shape::kFlag);
  field.read = [=](Request& request, const Words&) -> Parsed<void> {
    request.*member = true;
    return {};
  };
  field.write = [=](const Request& request) {
    return request.*member == true ? Words{"true"} : Words{};
  };
  return field;
}

// Sets the member to `value` for the word "none".
template <typename Request, typename Member, typename T>
Field<Request> or_none(Field<Request> field, Member Request::* member, T value) {
  field.unset = [=](Request& request) { request.*member = value; };
  return field;
}

template <typename Request>
Field<Request> only_on_command_line(Field<Request> field) {
  field.is_saved = false;
  return field;
}

template <typename Request>
Field<Request> only_in_file(Field<Request> field) {
  field.flag.clear();
  return field;
}

template <typename Request>
Field<Request> with_flag(std::string_view flag, Field<Request> field) {
  field.flag = flag;
  return field;
}

Field<NetworkRequest> snat_field() {
  auto field = plain<NetworkRequest>("snat", "auto|none|IP",
                                     "public address of the VMs' outgoing traffic; may be repeated",
                                     Shape::kList);
  field.read = [](NetworkRequest& request, const Words& words) -> Parsed<void> {
    SnatRequest snat{.source = SnatSource::kAddresses, .addresses = {}};
    if (words == Words{"auto"}) {
      request.snat = SnatRequest{.source = SnatSource::kAuto, .addresses = {}};
      return {};
    }
    for (const auto& word : words) {
      const auto address = parse_ip(word);
      if (word == "auto") return std::unexpected("auto excludes other addresses");
      if (!address)
        return std::unexpected(fmt::format("{} is not auto or like 203.0.113.5", quote(word)));
      snat.addresses.push_back(*address);
    }
    request.snat = std::move(snat);
    return {};
  };
  field.write = [](const NetworkRequest& request) {
    Words words;
    if (!request.snat) return words;
    if (request.snat->source == SnatSource::kAuto) words.emplace_back("auto");
    for (const Ipv4 address : request.snat->addresses) words.push_back(format_ipv4(address));
    return words;
  };
  return or_none(std::move(field), &NetworkRequest::snat, SnatRequest{});
}

// The state file leaves out the default, which the record of every network with SNAT contains.
Field<NetworkRequest> snat_filter_field() {
  auto field = option("snat_filter", "address|endpoint",
                      "who may reply: only addresses that the VM has contacted, or anyone",
                      &NetworkRequest::snat_filter, kSnatFilter);
  field.write = [](const NetworkRequest& request) {
    return request.snat_filter == SnatFilter::kEndpoint
               ? Words{format_snat_filter(SnatFilter::kEndpoint)}
               : Words{};
  };
  return field;
}

Field<ForwardRequest> outside_field() {
  auto field = plain<ForwardRequest>(
      "outside", "", "IP:PORT, IP:PORT-PORT, or the floating address", Shape::kText);
  field.flag = "OUTSIDE";
  field.read = [](ForwardRequest& request, const Words& words) -> Parsed<void> {
    const auto endpoint = parse_endpoint(words.front());
    if (!endpoint) return std::unexpected(endpoint.error());
    request.outside = endpoint->address;
    request.outside_port = endpoint->port;
    request.count = endpoint->count;
    return {};
  };
  field.write = [](const ForwardRequest& request) -> Words {
    return {format_endpoint(format_ipv4(request.outside), request.outside_port, request.count)};
  };
  return field;
}

// Read after the outside address: without an inside port, the inside ports are the outside ones.
Field<ForwardRequest> inside_field() {
  auto field = plain<ForwardRequest>("inside", "", "IP of the VM, or IP:PORT if its ports differ",
                                     Shape::kText);
  field.flag = "INSIDE";
  field.read = [](ForwardRequest& request, const Words& words) -> Parsed<void> {
    const auto endpoint = parse_endpoint(words.front());
    if (!endpoint) return std::unexpected(endpoint.error());
    if (endpoint->count != 1 && endpoint->count != request.count)
      return std::unexpected(fmt::format("{} has {} ports, the outside address has {}",
                                         quote(words.front()), endpoint->count, request.count));
    request.inside = endpoint->address;
    request.inside_port = endpoint->port ? endpoint->port : request.outside_port;
    return {};
  };
  field.write = [](const ForwardRequest& request) -> Words {
    return {format_endpoint(format_ipv4(request.inside), request.inside_port, request.count)};
  };
  return field;
}

template <typename Request>
const Option* find_in(const Fields<Request>& fields, std::string_view name) {
  const auto found = std::ranges::find(fields, name, &Option::name);
  return found == fields.end() ? nullptr : &*found;
}

const Option* find_option(std::string_view name) {
  if (const auto* found = find_in(network_fields(), name)) return found;
  if (const auto* found = find_in(port_fields(), name)) return found;
  if (const auto* found = find_in(uplink_fields(), name)) return found;
  return find_in(forward_fields(), name);
}

}  // namespace

const Fields<UplinkRequest>& uplink_fields() {
  using R = UplinkRequest;
  static const Fields<R> fields = {
      argument("dev", "IFACE", "name of the NIC", &R::device, kText),
      option("vlans", "10,20-30|none",
             "VIDs that it carries; default: all that no other uplink names", &R::vids, kVids),
      option("mode", "auto|xdp|tc", "hook that carries its frames", &R::mode, kMode),
      flag("shared_xdp", "attach beside other XDP programs through libxdp", &R::share_xdp),
  };
  return fields;
}

const Fields<NetworkRequest>& network_fields() {
  using R = NetworkRequest;
  static const Fields<R> fields = {
      argument("name", "NAME", "name of the network", &R::name, kText),
      or_none(option("vlan", "VID|none", "VLAN of the network on the uplink", &R::vid, kVid),
              &R::is_host_only, true),
      flag("untagged", "the network carries the uplink's untagged frames", &R::untagged),
      or_none(option("uplink", "IFACE|none", "uplink, if several exist (with --untagged)",
                     &R::uplink, kText),
              &R::has_any_uplink, true),
      with_flag("--host-address",
                or_none(list("host_addresses", "CIDR|none", "address of the host in the network",
                             &R::host_addresses, kHostAddress),
                        &R::has_no_host_addresses, true)),
      option("ageing", "SECONDS", "time after which an idle MAC is removed", &R::ageing_s, kNumber),
      or_none(option("subnet", "CIDR|none", "addresses for the ports", &R::subnet, kSubnet),
              &R::subnet, Subnet{}),
      or_none(option("gateway", "IP|none", "address of the gateway, in the subnet", &R::gateway,
                     kOneIp),
              &R::gateway, Ipv4{}),
      or_none(option("router", "NAME|none", "route to the other networks of this router",
                     &R::router, kText),
              &R::router, std::string()),
      or_none(flag("dhcp", "give the ports their addresses by DHCP", &R::dhcp), &R::dhcp, false),
      or_none(list("dns", "IP|none", "name server that DHCP sends", &R::dns, kIp), &R::has_no_dns,
              true),
      or_none(option("domain", "NAME|none", "domain that DHCP sends", &R::domain, kText),
              &R::domain, std::string()),
      or_none(option("boot_server", "IP|none", "TFTP server that VMs boot from", &R::boot_server,
                     kOneIp),
              &R::boot_server, Ipv4{}),
      or_none(option("boot_file", "FILE|none", "file that VMs boot", &R::boot_file, kText),
              &R::boot_file, std::string()),
      snat_field(),
      option("snat_ports", "N", "number of ports of each public address", &R::snat_ports, kNumber),
      snat_filter_field(),
      with_flag("--snat-except", or_none(list("snat_exceptions", "CIDR|none",
                                              "destination that sees the VMs' own addresses",
                                              &R::snat_exceptions, kPrefix),
                                         &R::snat_exceptions, std::vector<Subnet>{})),
      only_on_command_line(
          flag("force", "use a public address even if another machine answers for it", &R::force)),
  };
  return fields;
}

const Fields<ForwardRequest>& forward_fields() {
  using R = ForwardRequest;
  static const Fields<R> fields = {
      argument("network", "NETWORK", "name of the network", &R::network, kText),
      with_values("tcp|udp|all", argument("protocol", "PROTOCOL", "all is for a floating address",
                                          &R::protocol, kProtocol)),
      outside_field(),
      inside_field(),
      only_on_command_line(
          flag("force", "use an address even if another machine answers for it", &R::force)),
  };
  return fields;
}

const Fields<PortRequest>& port_fields() {
  using R = PortRequest;
  static const Fields<R> fields = {
      argument("dev", "DEV", "name of the device; a missing one is created as a persistent TAP",
               &R::device, kText),
      option("vlan", "VID", "network of this VLAN, created if it is missing", &R::vid, kVid),
      flag("untagged", "network of the uplink's untagged frames", &R::untagged),
      option("uplink", "IFACE", "uplink, if several exist (with --untagged)", &R::uplink, kText),
      option("network", "NAME", "network that `network add` created", &R::network, kText),
      or_none(option("mac", "MAC|none", "MAC of the VM; other ports cannot use it", &R::mac, kMac),
              &R::mac, std::nullopt),
      list("ip", "IP", "address of the VM in the network's subnet", &R::ips, kIp),
      list("allow", "IP", "address that the VM shares with other ports", &R::allowed, kIp),
      or_none(option("hostname", "NAME|none", "host name that DHCP sends to the VM", &R::host_name,
                     kText),
              &R::host_name, std::string()),
      option("mode", "auto|xdp|tc", "hook that carries the VM's frames", &R::mode, kMode),
      option("guest_offloads", "on|off", "off: the guest sends no partial checksums and no TSO",
             &R::guest_offloads, kSwitch),
      option("max_macs", "N", "maximum number of MACs learned at the port", &R::max_macs, kNumber),
      only_in_file(flag("create", "", &R::create)),
      option("owner", "USER", "user who may open a TAP that xvnet creates", &R::owner, kText),
      option("queues", "N", "number of queues of a TAP that xvnet creates", &R::queues, kNumber),
      or_none(option("mtu", "N|none", "MTU of the device", &R::mtu, kPositive), &R::mtu, 0u),
      only_on_command_line(
          flag("replace", "change a port that is attached with other settings", &R::replace)),
      only_on_command_line(flag("force", "accept a device that the host uses", &R::force)),
  };
  return fields;
}

std::string with_options(std::string_view message) {
  return replace_marks(message, "‹", "›", [](std::string_view field) {
    const Option* option = find_option(field);
    return option && !option->flag.empty() ? option->flag : flag_of(field);
  });
}

std::string with_keys(std::string_view message) {
  return replace_marks(message, "‹", "›", [](std::string_view field) {
    const Option* option = find_option(field);
    return option && option->is_saved ? quote(field) : flag_of(field);
  });
}

}  // namespace xvnet::cli
