#pragma once

#include <net/if.h>

#include <array>
#include <cstdint>
#include <type_traits>

#include "netlink/message.h"

namespace holdfast::netlink {

/** Octets of an IPv4 (first four) or IPv6 address in network order. */
using AddressBytes = std::array<uint8_t, 16>;

/** A network interface as RTM_NEWLINK tells it. */
struct LinkRecord {
  int32_t ifindex = 0;
  /** IFF_* */
  uint32_t flags = 0;
  uint32_t mtu = 0;
  /** ARPHRD_* */
  uint16_t hardware_type = 0;
  /** False when there is no hardware address, or one that is not six octets long. */
  bool has_mac = false;
  std::array<uint8_t, 6> mac{};
  std::array<char, IFNAMSIZ> name{};
  /** For example "veth"; empty for hardware. */
  std::array<char, 32> kind{};
  /** The bridge, bond or VRF that it belongs to, 0 for none. */
  int32_t master_ifindex = 0;

  bool is_up() const { return (flags & IFF_UP) != 0; }
  /** Has carrier. */
  bool is_running() const { return (flags & IFF_RUNNING) != 0; }
  bool has_arp() const { return (flags & IFF_NOARP) == 0; }
  bool is_loopback() const { return (flags & IFF_LOOPBACK) != 0; }
};
static_assert(std::is_trivially_copyable_v<LinkRecord>);

/** An address of an interface, in both directions. */
struct AddressRecord {
  int32_t ifindex = 0;
  /** AF_INET or AF_INET6 */
  uint8_t family = 0;
  uint8_t prefix_length = 0;
  /** RT_SCOPE_* */
  uint8_t scope = 0;
  bool has_broadcast = false;
  /** IFA_ADDRESS differs from the local address. */
  bool has_peer = false;
  /** IFA_F_*; of decoded addresses only. */
  uint32_t flags = 0;
  AddressBytes address{};
  AddressBytes broadcast{};
  AddressBytes peer{};
  /** Empty when there is none. The kernel gives every IPv4 address one: the interface's name. */
  std::array<char, IFNAMSIZ> label{};
};
static_assert(std::is_trivially_copyable_v<AddressRecord>);

/** A route or a rule, as far as it takes to tell which one it is. */
struct ObjectRecord {
  bool is_rule = false;
  /** AF_INET or AF_INET6 */
  uint8_t family = 0;
  /** Of the destination. */
  uint8_t prefix_length = 0;
  /** RTPROT_* */
  uint8_t protocol = 0;
  uint32_t table = 0;
  /** The rule's preference, the route's metric. */
  uint32_t priority = 0;
  AddressBytes destination{};
};
static_assert(std::is_trivially_copyable_v<ObjectRecord>);

/** 4 or 16; 0 for other families. */
size_t AddressLength(int family);

/**
 * Decodes RTM_NEWLINK and RTM_DELLINK. Those of another family than AF_UNSPEC are refused: a
 * bridge says with an AF_BRIDGE RTM_DELLINK that a port left it, not that the link is gone.
 * @returns false for anything else or broken, `link` is then undefined
 */
bool DecodeLink(const Message& message, LinkRecord* link);

/**
 * Decodes RTM_NEWADDR and RTM_DELADDR of IPv4 and IPv6.
 * @returns false for anything else or broken, `address` is then undefined
 */
bool DecodeAddress(const Message& message, AddressRecord* address);

/**
 * Decodes RTM_DELROUTE and RTM_DELRULE of IPv4 and IPv6; routes of cloned caches are left out.
 * @returns false for anything else or broken, `object` is then undefined
 */
bool DecodeRemovedObject(const Message& message, ObjectRecord* object);

/**
 * Appends RTM_NEWADDR with NLM_F_CREATE, NLM_F_EXCL and NLM_F_ACK: adding twice is EEXIST. IPv6
 * addresses skip duplicate address detection, and a /128 is deprecated at once (preferred lifetime
 * 0) so that it is no source address, as keepalived does.
 */
void EncodeAddressAdd(const AddressRecord& address, MessageBuilder* builder);

/** Appends RTM_DELADDR with NLM_F_ACK: deleting what is not there is EADDRNOTAVAIL. */
void EncodeAddressDelete(const AddressRecord& address, MessageBuilder* builder);

/** Appends an RTM_GETLINK dump, without statistics. */
void EncodeLinkDump(MessageBuilder* builder);

/** Appends an RTM_GETADDR dump of both families. */
void EncodeAddressDump(MessageBuilder* builder);

}  // namespace holdfast::netlink
