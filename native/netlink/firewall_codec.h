#pragma once

#include <array>
#include <cstdint>
#include <type_traits>

#include "netlink/message.h"

namespace holdfast::netlink {

/** Something of an nftables table is gone: the table, a chain, a rule, a set, or elements of it. */
struct FirewallRemoval {
  /** NFPROTO_* */
  uint8_t family = 0;
  /** Netlink port of whoever removed it: usually its process id. */
  uint32_t sender_port = 0;
  /** Longer names than NFT_NAME_MAXLEN do not exist. */
  std::array<char, 256> table{};
};
static_assert(std::is_trivially_copyable_v<FirewallRemoval>);

/** Multicast groups of NETLINK_NETFILTER with nftables' events, as a mask. */
uint32_t FirewallGroups();

/**
 * @returns false for other messages and for ones that are cut off
 * @see linux/netfilter/nf_tables.h
 */
bool DecodeFirewallRemoval(const Message& message, FirewallRemoval* removal);

}  // namespace holdfast::netlink
