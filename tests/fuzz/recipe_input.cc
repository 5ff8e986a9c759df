// SPDX-License-Identifier: BSD-2-Clause
#include "recipe_input.h"

#include <linux/if_ether.h>
#include <netinet/in.h>

#include <algorithm>
#include <span>
#include <string>

#include "recipe_random.h"

namespace xvnet::test {

namespace {

constexpr unsigned kCounterBits = 14;
[[gnu::used, gnu::section("__libfuzzer_extra_counters")]] uint8_t counters[1 << kCounterBits];

uint64_t mix(uint64_t hash, uint64_t value) {
  return (hash ^ value) * 0x9e3779b97f4a7c15;  // 2^64 divided by the golden ratio
}

void count(uint64_t hash) { counters[hash >> (64 - kCounterBits)] = 1; }

constexpr uint16_t kEtherTypes[] = {ETH_P_IP, ETH_P_IPV6, ETH_P_ARP, ETH_P_PAUSE};
constexpr uint16_t kProtocols[] = {IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP, IPPROTO_ICMPV6};

// All values outside the list count as the same value.
uint64_t known(uint16_t value, std::span<const uint16_t> list) {
  return std::ranges::find(list, value) == list.end() ? 1 : value;
}

// A hash of the properties by which the pipeline distinguishes frames.
uint64_t shape_of(const Bytes& frame) {
  constexpr size_t kFullFrame = 1514;
  const Layers layers = parse_layers(frame);
  uint64_t hash = mix(known(layers.ethertype, kEtherTypes), layers.tags);
  hash = mix(hash, known(layers.protocol, kProtocols));
  hash = mix(hash, layers.l4 != 0 ? 1 : 0);
  hash = mix(hash, layers.fragment ? 1 : 0);
  return mix(hash, frame.size() > kFullFrame ? 1 : 0);
}

// Writes as many whole steps as fit.
size_t write_recipe(Recipe recipe, uint8_t* data, size_t limit) {
  std::string text = print_recipe(recipe);
  while (text.size() > limit) {
    recipe.pop_back();
    text = print_recipe(recipe);
  }
  std::ranges::copy(text, data);
  return text.size();
}

}  // namespace

Recipe recipe_of(const uint8_t* data, size_t size) {
  return parse_recipe(text_of_input(data, size));
}

void note_features(const Run& run) {
  uint64_t hash = mix(static_cast<uint64_t>(run.hook), static_cast<uint64_t>(run.sent.program));
  hash = mix(hash, static_cast<uint64_t>(run.predicted.outcome.verdict));
  hash = mix(hash, std::hash<std::string>{}(run.predicted.reason));
  hash = mix(hash, run.predicted.outcome.counted.size());
  count(mix(hash, shape_of(run.sent.frame)));
  count(mix(hash, run.predicted.copies.size()));
}

}  // namespace xvnet::test

using namespace xvnet::test;

extern "C" int LLVMFuzzerInitialize(int* /*argc*/, char*** /*argv*/) {
  purge_stale_namespaces();
  return 0;
}

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t limit, unsigned seed) {
  Dice dice(seed);
  return write_recipe(mutated(dice, recipe_of(data, size)), data, limit);
}

extern "C" size_t LLVMFuzzerCustomCrossOver(const uint8_t* one, size_t one_size,
                                            const uint8_t* other, size_t other_size, uint8_t* out,
                                            size_t limit, unsigned seed) {
  Dice dice(seed);
  return write_recipe(crossed(dice, recipe_of(one, one_size), recipe_of(other, other_size)), out,
                      limit);
}
