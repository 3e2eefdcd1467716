#include "netlink/rtnetlink_codec.h"

#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <limits>
#include <optional>

namespace holdfast::netlink {

namespace {

static_assert(sizeof(ifinfomsg) == 16 && sizeof(ifaddrmsg) == 8 && sizeof(ifa_cacheinfo) == 16);

constexpr uint32_t kForever = std::numeric_limits<uint32_t>::max();

bool DecodeKind(Bytes link_info, LinkRecord* link) {
  AttributeTable<IFLA_INFO_KIND> attributes;
  return attributes.Parse(link_info) &&
         CopyText(ReadText(attributes.Get(IFLA_INFO_KIND)), &link->kind);
}

/** @returns false when the attribute is there and its length is not that of the family */
bool ReadAddress(Bytes value, uint8_t family, AddressBytes* address) {
  if (value.size() != AddressLength(family)) return false;
  memcpy(address->data(), value.data(), value.size());
  return true;
}

using AddressAttributes = AttributeTable<IFA_FLAGS>;

/** IPv4 sends IFA_LOCAL and IFA_ADDRESS always; IPv6 sends IFA_LOCAL only when there is a peer. */
bool DecodeLocalAndPeer(const AddressAttributes& attributes, AddressRecord* record) {
  const bool has_local = attributes.Has(IFA_LOCAL);
  const bool has_address = attributes.Has(IFA_ADDRESS);
  if (!has_local && !has_address) return false;
  const uint16_t local = has_local ? IFA_LOCAL : IFA_ADDRESS;
  if (!ReadAddress(attributes.Get(local), record->family, &record->address)) return false;
  if (!has_local || !has_address) return true;
  AddressBytes peer{};
  if (!ReadAddress(attributes.Get(IFA_ADDRESS), record->family, &peer)) return false;
  record->has_peer = peer != record->address;
  if (record->has_peer) record->peer = peer;
  return true;
}

void PutAddress(uint16_t type, uint8_t family, const AddressBytes& address,
                MessageBuilder* builder) {
  builder->Put(type, Bytes(address).first(AddressLength(family)));
}

void BeginAddress(uint16_t type, uint16_t flags, const AddressRecord& address,
                  MessageBuilder* builder) {
  ifaddrmsg header{};
  header.ifa_family = address.family;
  header.ifa_prefixlen = address.prefix_length;
  header.ifa_scope = address.scope;
  header.ifa_index = static_cast<uint32_t>(address.ifindex);
  // The old place of the flag; both are understood by every kernel we run on.
  if (type == RTM_NEWADDR && address.family == AF_INET6) header.ifa_flags = IFA_F_NODAD;
  builder->Begin(type, static_cast<uint16_t>(flags | NLM_F_ACK), header);
  PutAddress(IFA_LOCAL, address.family, address.address, builder);
  PutAddress(IFA_ADDRESS, address.family, address.has_peer ? address.peer : address.address,
             builder);
}

void PutLabel(const AddressRecord& address, MessageBuilder* builder) {
  if (address.family == AF_INET && address.label[0] != '\0') {
    builder->PutString(IFA_LABEL, address.label.data());
  }
}

}  // namespace

size_t AddressLength(int family) {
  if (family == AF_INET) return 4;
  return family == AF_INET6 ? 16 : 0;
}

bool DecodeLink(const Message& message, LinkRecord* link) {
  const uint16_t type = message.header.nlmsg_type;
  if (type != RTM_NEWLINK && type != RTM_DELLINK) return false;
  Bytes rest = message.payload;
  ifinfomsg header{};
  if (!TakeHeader(&rest, &header) || header.ifi_family != AF_UNSPEC) return false;
  AttributeTable<IFLA_LINKINFO> attributes;
  if (!attributes.Parse(rest)) return false;

  *link = LinkRecord{};
  link->ifindex = header.ifi_index;
  link->flags = header.ifi_flags;
  link->hardware_type = header.ifi_type;
  if (!CopyText(ReadText(attributes.Get(IFLA_IFNAME)), &link->name) || link->name[0] == '\0') {
    return false;
  }
  attributes.Read(IFLA_MTU, &link->mtu);
  attributes.Read(IFLA_MASTER, &link->master_ifindex);
  link->has_mac = attributes.Read(IFLA_ADDRESS, &link->mac);
  return DecodeKind(attributes.Get(IFLA_LINKINFO), link);
}

bool DecodeAddress(const Message& message, AddressRecord* address) {
  const uint16_t type = message.header.nlmsg_type;
  if (type != RTM_NEWADDR && type != RTM_DELADDR) return false;
  Bytes rest = message.payload;
  ifaddrmsg header{};
  if (!TakeHeader(&rest, &header) || AddressLength(header.ifa_family) == 0) return false;
  if (header.ifa_prefixlen > 8 * AddressLength(header.ifa_family)) return false;
  AddressAttributes attributes;
  if (!attributes.Parse(rest)) return false;

  *address = AddressRecord{};
  address->ifindex = static_cast<int32_t>(header.ifa_index);
  address->family = header.ifa_family;
  address->prefix_length = header.ifa_prefixlen;
  address->scope = header.ifa_scope;
  address->flags = header.ifa_flags;
  attributes.Read(IFA_FLAGS, &address->flags);
  if (!DecodeLocalAndPeer(attributes, address)) return false;
  address->has_broadcast = attributes.Has(IFA_BROADCAST);
  if (address->has_broadcast &&
      !ReadAddress(attributes.Get(IFA_BROADCAST), address->family, &address->broadcast)) {
    return false;
  }
  return CopyText(ReadText(attributes.Get(IFA_LABEL)), &address->label);
}

namespace {

bool DecodeRemovedRoute(Bytes rest, ObjectRecord* object) {
  rtmsg header{};
  if (!TakeHeader(&rest, &header) || AddressLength(header.rtm_family) == 0) return false;
  if ((header.rtm_flags & RTM_F_CLONED) != 0) return false;
  AttributeTable<RTA_TABLE> attributes;
  if (!attributes.Parse(rest)) return false;
  *object = ObjectRecord{};
  object->family = header.rtm_family;
  object->prefix_length = header.rtm_dst_len;
  object->protocol = header.rtm_protocol;
  object->table = header.rtm_table;
  attributes.Read(RTA_TABLE, &object->table);
  attributes.Read(RTA_PRIORITY, &object->priority);
  return !attributes.Has(RTA_DST) ||
         ReadAddress(attributes.Get(RTA_DST), object->family, &object->destination);
}

bool DecodeRemovedRule(Bytes rest, ObjectRecord* object) {
  fib_rule_hdr header{};
  if (!TakeHeader(&rest, &header) || AddressLength(header.family) == 0) return false;
  AttributeTable<FRA_PROTOCOL> attributes;
  if (!attributes.Parse(rest)) return false;
  *object = ObjectRecord{};
  object->is_rule = true;
  object->family = header.family;
  object->prefix_length = header.dst_len;
  object->table = header.table;
  attributes.Read(FRA_TABLE, &object->table);
  attributes.Read(FRA_PRIORITY, &object->priority);
  attributes.Read(FRA_PROTOCOL, &object->protocol);
  return !attributes.Has(FRA_DST) ||
         ReadAddress(attributes.Get(FRA_DST), object->family, &object->destination);
}

}  // namespace

bool DecodeRemovedObject(const Message& message, ObjectRecord* object) {
  switch (message.header.nlmsg_type) {
    case RTM_DELROUTE:
      return DecodeRemovedRoute(message.payload, object);
    case RTM_DELRULE:
      return DecodeRemovedRule(message.payload, object);
    default:
      return false;
  }
}

void EncodeAddressAdd(const AddressRecord& address, MessageBuilder* builder) {
  BeginAddress(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, address, builder);
  if (address.has_broadcast && address.family == AF_INET) {
    PutAddress(IFA_BROADCAST, address.family, address.broadcast, builder);
  }
  PutLabel(address, builder);
  if (address.family == AF_INET6 && address.prefix_length == 128) {
    ifa_cacheinfo lifetimes{};
    lifetimes.ifa_valid = kForever;
    builder->Put(IFA_CACHEINFO, BytesOf(lifetimes));
  }
  builder->End();
}

void EncodeAddressDelete(const AddressRecord& address, MessageBuilder* builder) {
  // Without its label: the kernel would leave an address alone that has come to another one.
  BeginAddress(RTM_DELADDR, 0, address, builder);
  builder->End();
}

void EncodeLinkDump(MessageBuilder* builder) {
  builder->Begin(RTM_GETLINK, NLM_F_DUMP, ifinfomsg{});
  builder->PutU32(IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
  builder->End();
}

void EncodeAddressDump(MessageBuilder* builder) {
  builder->Begin(RTM_GETADDR, NLM_F_DUMP, ifaddrmsg{});
  builder->End();
}

}  // namespace holdfast::netlink
