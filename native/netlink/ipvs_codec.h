#pragma once

#include <array>
#include <cstdint>
#include <type_traits>

#include "netlink/message.h"
#include "netlink/rtnetlink_codec.h"

/**
 * The generic netlink family "IPVS".
 *
 *     nlmsghdr (16) | genlmsghdr (4): command, version | IPVS_CMD_ATTR_SERVICE { IPVS_SVC_ATTR_* }
 *                                                      | IPVS_CMD_ATTR_DEST { IPVS_DEST_ATTR_* }
 *                                                      | IPVS_CMD_ATTR_DAEMON { IPVS_DAEMON_ATTR_*
 * }
 *
 * Addresses are always 16 octets (IPv4 in the first four), ports in network order, the rest in
 * host order; the netmask of an IPv4 service is in network order, that of an IPv6 one is a prefix
 * length in host order.
 * @see linux/ip_vs.h
 */
namespace holdfast::ipvs {

using netlink::AddressBytes;

/** By fwmark when that is not 0, else by protocol, address and port. */
struct ServiceKey {
  /** AF_INET or AF_INET6 */
  uint16_t family = 0;
  /** IPPROTO_*; 0 for a fwmark service */
  uint16_t protocol = 0;
  uint16_t port = 0;
  uint32_t fwmark = 0;
  AddressBytes address{};
};

/** Since the service or destination was added; rates are the kernel's estimates of the last
 * seconds. */
struct Traffic {
  uint64_t connections = 0;
  uint64_t in_packets = 0;
  uint64_t out_packets = 0;
  uint64_t in_bytes = 0;
  uint64_t out_bytes = 0;
  uint64_t connections_per_sec = 0;
  uint64_t in_packets_per_sec = 0;
  uint64_t out_packets_per_sec = 0;
  uint64_t in_bytes_per_sec = 0;
  uint64_t out_bytes_per_sec = 0;
};

struct Service {
  ServiceKey key;
  /** IP_VS_SVC_F_*; persistent ones carry IP_VS_SVC_F_PERSISTENT. */
  uint32_t flags = 0;
  uint32_t timeout_sec = 0;
  /** IPv4: mask in host order; IPv6: prefix length. */
  uint32_t granularity = 0;
  std::array<char, 16> scheduler{};
  /** Empty for none. */
  std::array<char, 16> persistence_engine{};
  /** Decoded only. */
  Traffic traffic;
};
static_assert(std::is_trivially_copyable_v<Service>);

struct Destination {
  uint16_t family = 0;
  uint16_t port = 0;
  AddressBytes address{};
  /** IP_VS_CONN_F_MASQ .. IP_VS_CONN_F_BYPASS */
  uint32_t forward = 0;
  uint32_t weight = 0;
  uint32_t upper_threshold = 0;
  uint32_t lower_threshold = 0;
  /** IP_VS_CONN_F_TUNNEL_TYPE_* */
  uint8_t tunnel_type = 0;
  uint16_t tunnel_port = 0;
  uint16_t tunnel_flags = 0;
  /** Decoded only. */
  uint32_t active_connections = 0;
  uint32_t inactive_connections = 0;
  uint32_t persistent_connections = 0;
  Traffic traffic;
};
static_assert(std::is_trivially_copyable_v<Destination>);

struct Timeouts {
  uint32_t tcp_sec = 0;
  uint32_t tcp_fin_sec = 0;
  uint32_t udp_sec = 0;
};

/**
 * One of the kernel's two threads that copy connections from director to director. What is 0 or
 * AF_UNSPEC is left to the kernel.
 */
struct SyncDaemon {
  /** IP_VS_STATE_MASTER or IP_VS_STATE_BACKUP */
  uint32_t state = 0;
  uint32_t sync_id = 0;
  /** Octets of UDP payload. */
  uint16_t max_length = 0;
  uint16_t port = 0;
  uint8_t ttl = 0;
  uint16_t group_family = 0;
  AddressBytes group{};
  std::array<char, 16> interface_name{};
};

enum class CommandKind : uint8_t {
  kServiceAdd,
  kServiceEdit,
  kServiceDelete,
  kDestinationAdd,
  kDestinationEdit,
  kDestinationDelete,
  kFlush,
  kSetTimeouts,
  kSyncDaemonStart,
  kSyncDaemonStop,
};

/** What the kind does not need is ignored. */
struct Command {
  CommandKind kind = CommandKind::kFlush;
  Service service;
  Destination destination;
  Timeouts timeouts;
  SyncDaemon daemon;
};

/** The kernel's name of a command, for example "IPVS_CMD_NEW_DEST". */
const char* CommandName(CommandKind kind);

/**
 * Appends one command with NLM_F_ACK.
 * @param family message type of the family "IPVS"
 */
void EncodeCommand(uint16_t family, const Command& command, netlink::MessageBuilder* builder);

void EncodeServiceDump(uint16_t family, netlink::MessageBuilder* builder);
void EncodeDestinationDump(uint16_t family, const ServiceKey& service,
                           netlink::MessageBuilder* builder);
void EncodeTimeoutsQuery(uint16_t family, netlink::MessageBuilder* builder);
void EncodeSyncDaemonDump(uint16_t family, netlink::MessageBuilder* builder);

/** @returns false for broken messages and for other commands than IPVS_CMD_NEW_SERVICE */
bool DecodeService(const netlink::Message& message, Service* service);

/**
 * @param service_family taken when the kernel is too old to tell the destination's own
 * (before 3.18)
 * @returns false for broken messages and for other commands than IPVS_CMD_NEW_DEST
 */
bool DecodeDestination(const netlink::Message& message, uint16_t service_family,
                       Destination* destination);

/** @returns false for broken messages and for other commands than IPVS_CMD_SET_CONFIG */
bool DecodeTimeouts(const netlink::Message& message, Timeouts* timeouts);

/** @returns false for broken messages and for other commands than IPVS_CMD_NEW_DAEMON */
bool DecodeSyncDaemon(const netlink::Message& message, SyncDaemon* daemon);

}  // namespace holdfast::ipvs
