// SPDX-License-Identifier: BSD-2-Clause
#include "loader/linux/btf_fields.h"

#include <bpf/btf.h>
#include <fmt/format.h>

namespace xvnet {
namespace {

constexpr std::uint32_t kBitsPerByte = 8;

class Collector {
 public:
  explicit Collector(const btf* types) : types_(types) {}

  Result<void> collect(std::uint32_t type, const std::string& path, std::size_t offset) {
    const int resolved = btf__resolve_type(types_, type);
    const btf_type* found = resolved < 0 ? nullptr : btf__type_by_id(types_, resolved);
    if (!found) return fail(fmt::format("read the layout of {:?}: it has no type", path));
    if (btf_is_composite(found)) return collect_members(found, path, offset);
    if (btf_is_array(found)) return collect_elements(*btf_array(found), path, offset);
    if (!btf_is_int(found) && !btf_is_any_enum(found))
      return fail(fmt::format("read the layout of {:?}: it is not a number", path));
    fields_.push_back({path, offset, found->size});
    return {};
  }

  std::vector<BtfField> take() { return std::move(fields_); }

 private:
  Result<void> collect_members(const btf_type* type, const std::string& path, std::size_t offset) {
    for (std::uint32_t at = 0; at < btf_vlen(type); at++) {
      const btf_member& member = btf_members(type)[at];
      const char* name = btf__name_by_offset(types_, member.name_off);
      const std::string member_path = path.empty() ? name : fmt::format("{}.{}", path, name);
      if (btf_member_bitfield_size(type, at))
        return fail(fmt::format("read the layout of {:?}: it is a bit field", member_path));
      const std::size_t at_byte = btf_member_bit_offset(type, at) / kBitsPerByte;
      XVNET_TRY(collect(member.type, member_path, offset + at_byte));
    }
    return {};
  }

  Result<void> collect_elements(const struct btf_array& array, const std::string& path,
                                std::size_t offset) {
    const auto size = btf__resolve_size(types_, array.type);
    if (size < 0) return fail(fmt::format("read the layout of {:?}: it has no size", path));
    for (std::uint32_t at = 0; at < array.nelems; at++) {
      XVNET_TRY(collect(array.type, fmt::format("{}[{}]", path, at),
                        offset + at * static_cast<std::size_t>(size)));
    }
    return {};
  }

  const btf* types_;
  std::vector<BtfField> fields_;
};

}  // namespace

void FreeBtf::operator()(btf* types) const { btf__free(types); }

Result<std::vector<BtfField>> fields_of_type(const btf* types, std::uint32_t type) {
  Collector collector(types);
  XVNET_TRY(collector.collect(type, "", 0));
  return collector.take();
}

}  // namespace xvnet
