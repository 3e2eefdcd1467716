#include "netlink/firewall_codec.h"

#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <algorithm>

namespace holdfast::netlink {

namespace {

/** NFTA_TABLE_NAME, NFTA_CHAIN_TABLE, NFTA_RULE_TABLE, NFTA_SET_TABLE, NFTA_SET_ELEM_LIST_TABLE */
constexpr uint16_t kTableName = 1;
static_assert(NFTA_TABLE_NAME == kTableName && NFTA_CHAIN_TABLE == kTableName &&
              NFTA_RULE_TABLE == kTableName && NFTA_SET_TABLE == kTableName &&
              NFTA_SET_ELEM_LIST_TABLE == kTableName);

bool IsRemoval(uint16_t type) {
  if (NFNL_SUBSYS_ID(type) != NFNL_SUBSYS_NFTABLES) return false;
  switch (NFNL_MSG_TYPE(type)) {
    case NFT_MSG_DELTABLE:
    case NFT_MSG_DELCHAIN:
    case NFT_MSG_DELRULE:
    case NFT_MSG_DELSET:
    case NFT_MSG_DELSETELEM:
      return true;
    default:
      return false;
  }
}

}  // namespace

uint32_t FirewallGroups() { return 1u << (NFNLGRP_NFTABLES - 1); }

bool DecodeFirewallRemoval(const Message& message, FirewallRemoval* removal) {
  if (!IsRemoval(message.header.nlmsg_type)) return false;
  if (message.payload.size() < sizeof(nfgenmsg)) return false;
  *removal = {};
  removal->family = message.payload[0];
  removal->sender_port = message.header.nlmsg_pid;
  AttributeReader reader(message.payload.subspan(Aligned(sizeof(nfgenmsg))));
  Attribute attribute;
  while (reader.Next(&attribute)) {
    if (attribute.type != kTableName) continue;
    const size_t length = std::min(attribute.value.size(), removal->table.size() - 1);
    std::copy_n(attribute.value.begin(), length, removal->table.begin());
    return true;
  }
  return false;
}

}  // namespace holdfast::netlink
