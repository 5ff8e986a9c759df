// SPDX-License-Identifier: BSD-2-Clause
#include "loader/linux/ethtool.h"

#include <fmt/format.h>
#include <linux/ethtool.h>
#include <linux/if.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <vector>

#include "loader/linux/device_name.h"
#include "loader/linux/file_descriptor.h"

namespace xvnet {
namespace {

constexpr unsigned kFeaturesPerBlock = 32;

// One device. call() returns an errno, or 0 for success: ETHTOOL_S* commands may return positive
// flags.
class EthtoolDevice {
 public:
  explicit EthtoolDevice(const std::string& name)
      : socket_(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    if (!socket_.is_open())
      socket_ = FileDescriptor(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0));
    name.copy(request_.ifr_name, IFNAMSIZ - 1);
  }

  int call(void* command) {
    request_.ifr_data = static_cast<char*>(command);
    return ioctl(socket_.get(), SIOCETHTOOL, &request_) < 0 ? errno : 0;
  }

 private:
  FileDescriptor socket_;
  ifreq request_{};
};

// An ethtool struct of variable length, in aligned storage.
template <typename T, typename Element>
class Buffer {
 public:
  explicit Buffer(std::size_t count)
      : words_((sizeof(T) + count * sizeof(Element) + sizeof(std::uint64_t) - 1) /
               sizeof(std::uint64_t)) {}
  T* operator->() { return get(); }
  T* get() { return reinterpret_cast<T*>(words_.data()); }

 private:
  std::vector<std::uint64_t> words_;
};

// Returns the number of features that this kernel knows.
std::expected<std::uint32_t, int> feature_count(EthtoolDevice& device) {
  Buffer<ethtool_sset_info, std::uint32_t> info(1);
  info->cmd = ETHTOOL_GSSET_INFO;
  info->sset_mask = 1ULL << ETH_SS_FEATURES;
  if (int error = device.call(info.get())) return std::unexpected(error);
  return info->sset_mask ? info->data[0] : 0;
}

// Returns the bit of the feature, or nothing if this kernel does not know it.
std::expected<std::optional<std::uint32_t>, int> find_bit(EthtoolDevice& device,
                                                          std::uint32_t count,
                                                          std::string_view feature) {
  Buffer<ethtool_gstrings, char[ETH_GSTRING_LEN]> strings(count);
  strings->cmd = ETHTOOL_GSTRINGS;
  strings->string_set = ETH_SS_FEATURES;
  strings->len = count;
  if (int error = device.call(strings.get())) return std::unexpected(error);
  for (std::uint32_t bit = 0; bit < std::min(count, strings->len); bit++) {
    const char* name = reinterpret_cast<const char*>(strings->data) + bit * ETH_GSTRING_LEN;
    if (feature == std::string_view(name, strnlen(name, ETH_GSTRING_LEN))) return bit;
  }
  return std::nullopt;
}

std::uint32_t blocks_for(std::uint32_t count) {
  return (count + kFeaturesPerBlock - 1) / kFeaturesPerBlock;
}

std::expected<FeatureState, int> read_bit(EthtoolDevice& device, std::uint32_t count,
                                          std::uint32_t bit) {
  Buffer<ethtool_gfeatures, ethtool_get_features_block> features(blocks_for(count));
  features->cmd = ETHTOOL_GFEATURES;
  features->size = blocks_for(count);
  if (int error = device.call(features.get())) return std::unexpected(error);
  const ethtool_get_features_block& block = features->features[bit / kFeaturesPerBlock];
  std::uint32_t mask = 1U << (bit % kFeaturesPerBlock);
  return FeatureState{(block.active & mask) != 0,
                      !(block.available & mask) || (block.never_changed & mask)};
}

int write_bit(EthtoolDevice& device, std::uint32_t count, std::uint32_t bit, bool on) {
  Buffer<ethtool_sfeatures, ethtool_set_features_block> features(blocks_for(count));
  features->cmd = ETHTOOL_SFEATURES;
  features->size = blocks_for(count);
  ethtool_set_features_block& block = features->features[bit / kFeaturesPerBlock];
  block.valid = 1U << (bit % kFeaturesPerBlock);
  block.requested = on ? block.valid : 0;
  return device.call(features.get());
}

}  // namespace

std::string driver_name(const std::string& device) {
  ethtool_drvinfo info{};
  info.cmd = ETHTOOL_GDRVINFO;
  if (EthtoolDevice(device).call(&info)) return {};
  return std::string(info.driver, strnlen(info.driver, sizeof info.driver));
}

Result<FeatureState> read_feature(std::uint32_t ifindex, std::string_view feature) {
  std::string doing = fmt::format("read feature {:?} of {}", feature, quoted_device(ifindex));
  std::string name = device_name(ifindex);
  if (name.empty()) return fail_errno(ENODEV, doing);
  EthtoolDevice device(name);
  auto count = feature_count(device);
  if (!count) return fail_errno(count.error(), doing);
  auto bit = find_bit(device, *count, feature);
  if (!bit) return fail_errno(bit.error(), doing);
  if (!*bit) return FeatureState{false, true};
  auto state = read_bit(device, *count, **bit);
  if (!state) return fail_errno(state.error(), doing);
  return *state;
}

Result<void> write_feature(std::uint32_t ifindex, std::string_view feature, bool on) {
  std::string doing =
      fmt::format("turn {} feature {:?} of {}", on ? "on" : "off", feature, quoted_device(ifindex));
  XVNET_ASSIGN(before, read_feature(ifindex, feature));
  if (before.is_on == on) return {};
  if (before.is_fixed) {
    return fail(ErrorKind::kUnsupported, doing + ": the device does not allow it");
  }
  EthtoolDevice device(device_name(ifindex));
  auto count = feature_count(device);
  if (!count) return fail_errno(count.error(), doing);
  auto bit = find_bit(device, *count, feature);
  if (!bit) return fail_errno(bit.error(), doing);
  if (!*bit) return fail_errno(ENODEV, doing);
  if (int error = write_bit(device, *count, **bit, on)) return fail_errno(error, doing);
  // The kernel also reports success if a driver or another feature overrides the request.
  XVNET_ASSIGN(after, read_feature(ifindex, feature));
  if (after.is_on == on) return {};
  return fail(ErrorKind::kUnsupported, doing + ": the device did not change it");
}

}  // namespace xvnet
