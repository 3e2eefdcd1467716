#include "netlink/ipvs_codec.h"

#include <arpa/inet.h>
#include <linux/genetlink.h>
#include <linux/ip_vs.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>

namespace holdfast::ipvs {

namespace {

using netlink::AttributeTable;
using netlink::Bytes;
using netlink::BytesOf;
using netlink::CopyText;
using netlink::Message;
using netlink::MessageBuilder;
using netlink::ReadText;

static_assert(sizeof(genlmsghdr) == 4 && sizeof(ip_vs_flags) == 8);
static_assert(IP_VS_IFNAME_MAXLEN == 16);
static_assert(IP_VS_SCHEDNAME_MAXLEN == 16 && IP_VS_PENAME_MAXLEN == 16);

constexpr size_t kIpv4Octets = 4;

/** What a service command decides; IP_VS_SVC_F_HASHED is the kernel's own. */
constexpr uint32_t kServiceFlags = IP_VS_SVC_F_PERSISTENT | IP_VS_SVC_F_ONEPACKET |
                                   IP_VS_SVC_F_SCHED1 | IP_VS_SVC_F_SCHED2 | IP_VS_SVC_F_SCHED3;

using ServiceAttributes = AttributeTable<IPVS_SVC_ATTR_MAX>;
using DestinationAttributes = AttributeTable<IPVS_DEST_ATTR_MAX>;
using StatsAttributes = AttributeTable<IPVS_STATS_ATTR_MAX>;
using DaemonAttributes = AttributeTable<IPVS_DAEMON_ATTR_MAX>;

void Begin(uint16_t family, uint8_t command, uint16_t flags, MessageBuilder* builder) {
  genlmsghdr header{};
  header.cmd = command;
  header.version = IPVS_GENL_VERSION;
  builder->Begin(family, flags, header);
}

void PutServiceKey(const ServiceKey& key, MessageBuilder* builder) {
  builder->PutU16(IPVS_SVC_ATTR_AF, key.family);
  if (key.fwmark != 0) {
    builder->PutU32(IPVS_SVC_ATTR_FWMARK, key.fwmark);
    return;
  }
  builder->PutU16(IPVS_SVC_ATTR_PROTOCOL, key.protocol);
  builder->Put(IPVS_SVC_ATTR_ADDR, key.address);
  builder->PutU16Network(IPVS_SVC_ATTR_PORT, key.port);
}

void PutService(const Service& service, MessageBuilder* builder) {
  const bool is_ipv4 = service.key.family == AF_INET;
  PutServiceKey(service.key, builder);
  builder->PutString(IPVS_SVC_ATTR_SCHED_NAME, service.scheduler.data());
  if (service.persistence_engine[0] != '\0') {
    builder->PutString(IPVS_SVC_ATTR_PE_NAME, service.persistence_engine.data());
  }
  builder->Put(IPVS_SVC_ATTR_FLAGS, BytesOf(ip_vs_flags{service.flags, kServiceFlags}));
  builder->PutU32(IPVS_SVC_ATTR_TIMEOUT, service.timeout_sec);
  builder->PutU32(IPVS_SVC_ATTR_NETMASK,
                  is_ipv4 ? htonl(service.granularity) : service.granularity);
}

void PutDestinationKey(const Destination& destination, MessageBuilder* builder) {
  builder->PutU16(IPVS_DEST_ATTR_ADDR_FAMILY, destination.family);
  builder->Put(IPVS_DEST_ATTR_ADDR, destination.address);
  builder->PutU16Network(IPVS_DEST_ATTR_PORT, destination.port);
}

void PutDestination(const Destination& destination, MessageBuilder* builder) {
  PutDestinationKey(destination, builder);
  builder->PutU32(IPVS_DEST_ATTR_FWD_METHOD, destination.forward);
  builder->PutU32(IPVS_DEST_ATTR_WEIGHT, destination.weight);
  builder->PutU32(IPVS_DEST_ATTR_U_THRESH, destination.upper_threshold);
  builder->PutU32(IPVS_DEST_ATTR_L_THRESH, destination.lower_threshold);
  if (destination.forward != IP_VS_CONN_F_TUNNEL) return;
  builder->PutU8(IPVS_DEST_ATTR_TUN_TYPE, destination.tunnel_type);
  builder->PutU16Network(IPVS_DEST_ATTR_TUN_PORT, destination.tunnel_port);
  builder->PutU16(IPVS_DEST_ATTR_TUN_FLAGS, destination.tunnel_flags);
}

void EncodeSyncDaemonCommand(const Command& command, MessageBuilder* builder) {
  const SyncDaemon& daemon = command.daemon;
  builder->BeginNest(IPVS_CMD_ATTR_DAEMON);
  builder->PutU32(IPVS_DAEMON_ATTR_STATE, daemon.state);
  if (command.kind == CommandKind::kSyncDaemonStart) {
    builder->PutString(IPVS_DAEMON_ATTR_MCAST_IFN, daemon.interface_name.data());
    builder->PutU32(IPVS_DAEMON_ATTR_SYNC_ID, daemon.sync_id);
    if (daemon.max_length != 0) builder->PutU16(IPVS_DAEMON_ATTR_SYNC_MAXLEN, daemon.max_length);
    const Bytes group(daemon.group);
    if (daemon.group_family == AF_INET) {
      builder->Put(IPVS_DAEMON_ATTR_MCAST_GROUP, group.first(kIpv4Octets));
    } else if (daemon.group_family == AF_INET6) {
      builder->Put(IPVS_DAEMON_ATTR_MCAST_GROUP6, group);
    }
    if (daemon.port != 0) builder->PutU16(IPVS_DAEMON_ATTR_MCAST_PORT, daemon.port);
    if (daemon.ttl != 0) builder->PutU8(IPVS_DAEMON_ATTR_MCAST_TTL, daemon.ttl);
  }
  builder->EndNest();
}

void EncodeServiceCommand(const Command& command, MessageBuilder* builder) {
  builder->BeginNest(IPVS_CMD_ATTR_SERVICE);
  if (command.kind == CommandKind::kServiceDelete) {
    PutServiceKey(command.service.key, builder);
  } else {
    PutService(command.service, builder);
  }
  builder->EndNest();
}

void EncodeDestinationCommand(const Command& command, MessageBuilder* builder) {
  builder->BeginNest(IPVS_CMD_ATTR_SERVICE);
  PutServiceKey(command.service.key, builder);
  builder->EndNest();
  builder->BeginNest(IPVS_CMD_ATTR_DEST);
  if (command.kind == CommandKind::kDestinationDelete) {
    PutDestinationKey(command.destination, builder);
  } else {
    PutDestination(command.destination, builder);
  }
  builder->EndNest();
}

uint8_t CommandNumber(CommandKind kind) {
  switch (kind) {
    case CommandKind::kServiceAdd:
      return IPVS_CMD_NEW_SERVICE;
    case CommandKind::kServiceEdit:
      return IPVS_CMD_SET_SERVICE;
    case CommandKind::kServiceDelete:
      return IPVS_CMD_DEL_SERVICE;
    case CommandKind::kDestinationAdd:
      return IPVS_CMD_NEW_DEST;
    case CommandKind::kDestinationEdit:
      return IPVS_CMD_SET_DEST;
    case CommandKind::kDestinationDelete:
      return IPVS_CMD_DEL_DEST;
    case CommandKind::kFlush:
      return IPVS_CMD_FLUSH;
    case CommandKind::kSetTimeouts:
      return IPVS_CMD_SET_CONFIG;
    case CommandKind::kSyncDaemonStart:
      return IPVS_CMD_NEW_DAEMON;
    case CommandKind::kSyncDaemonStop:
      return IPVS_CMD_DEL_DAEMON;
  }
  return IPVS_CMD_UNSPEC;
}

/** Checks the command and reads the first level of attributes. */
bool ParseMessage(const Message& message, uint8_t command, AttributeTable<IPVS_CMD_ATTR_MAX>* out) {
  Bytes rest = message.payload;
  genlmsghdr header{};
  return netlink::TakeHeader(&rest, &header) && header.cmd == command && out->Parse(rest);
}

bool ReadPort(Bytes value, uint16_t* port) {
  uint16_t network = 0;
  if (!netlink::ReadExact(value, &network)) return false;
  *port = ntohs(network);
  return true;
}

bool IsFamily(uint16_t family) { return family == AF_INET || family == AF_INET6; }

bool DecodeServiceKey(const ServiceAttributes& attributes, ServiceKey* key) {
  if (!attributes.Read(IPVS_SVC_ATTR_AF, &key->family) || !IsFamily(key->family)) return false;
  if (attributes.Has(IPVS_SVC_ATTR_FWMARK)) {
    return attributes.Read(IPVS_SVC_ATTR_FWMARK, &key->fwmark) && key->fwmark != 0;
  }
  return attributes.Read(IPVS_SVC_ATTR_PROTOCOL, &key->protocol) &&
         attributes.Read(IPVS_SVC_ATTR_ADDR, &key->address) &&
         ReadPort(attributes.Get(IPVS_SVC_ATTR_PORT), &key->port);
}

/** Missing is the value for absent; of a wrong length is broken. */
template <uint16_t kTypeMax, typename T>
bool ReadOptional(const AttributeTable<kTypeMax>& attributes, uint16_t type, T* out) {
  return !attributes.Has(type) || attributes.Read(type, out);
}

bool DecodeTunnel(const DestinationAttributes& attributes, Destination* destination) {
  return ReadOptional(attributes, IPVS_DEST_ATTR_TUN_TYPE, &destination->tunnel_type) &&
         ReadOptional(attributes, IPVS_DEST_ATTR_TUN_FLAGS, &destination->tunnel_flags) &&
         (!attributes.Has(IPVS_DEST_ATTR_TUN_PORT) ||
          ReadPort(attributes.Get(IPVS_DEST_ATTR_TUN_PORT), &destination->tunnel_port));
}

/** Kernels before 4.1 count in 32 bits only, which is not worth telling. */
bool DecodeTraffic(Bytes nested, Traffic* traffic) {
  StatsAttributes attributes;
  return attributes.Parse(nested) &&
         ReadOptional(attributes, IPVS_STATS_ATTR_CONNS, &traffic->connections) &&
         ReadOptional(attributes, IPVS_STATS_ATTR_INPKTS, &traffic->in_packets) &&
         ReadOptional(attributes, IPVS_STATS_ATTR_OUTPKTS, &traffic->out_packets) &&
         ReadOptional(attributes, IPVS_STATS_ATTR_INBYTES, &traffic->in_bytes) &&
         ReadOptional(attributes, IPVS_STATS_ATTR_OUTBYTES, &traffic->out_bytes) &&
         ReadOptional(attributes, IPVS_STATS_ATTR_CPS, &traffic->connections_per_sec) &&
         ReadOptional(attributes, IPVS_STATS_ATTR_INPPS, &traffic->in_packets_per_sec) &&
         ReadOptional(attributes, IPVS_STATS_ATTR_OUTPPS, &traffic->out_packets_per_sec) &&
         ReadOptional(attributes, IPVS_STATS_ATTR_INBPS, &traffic->in_bytes_per_sec) &&
         ReadOptional(attributes, IPVS_STATS_ATTR_OUTBPS, &traffic->out_bytes_per_sec);
}

/** Kernels before 4.3 tell no group. */
bool DecodeGroup(const DaemonAttributes& attributes, SyncDaemon* daemon) {
  if (attributes.Has(IPVS_DAEMON_ATTR_MCAST_GROUP6)) {
    daemon->group_family = AF_INET6;
    return attributes.Read(IPVS_DAEMON_ATTR_MCAST_GROUP6, &daemon->group);
  }
  if (!attributes.Has(IPVS_DAEMON_ATTR_MCAST_GROUP)) return true;
  std::array<uint8_t, kIpv4Octets> group{};
  if (!attributes.Read(IPVS_DAEMON_ATTR_MCAST_GROUP, &group)) return false;
  daemon->group_family = AF_INET;
  std::copy(group.begin(), group.end(), daemon->group.begin());
  return true;
}

}  // namespace

const char* CommandName(CommandKind kind) {
  switch (kind) {
    case CommandKind::kServiceAdd:
      return "IPVS_CMD_NEW_SERVICE";
    case CommandKind::kServiceEdit:
      return "IPVS_CMD_SET_SERVICE";
    case CommandKind::kServiceDelete:
      return "IPVS_CMD_DEL_SERVICE";
    case CommandKind::kDestinationAdd:
      return "IPVS_CMD_NEW_DEST";
    case CommandKind::kDestinationEdit:
      return "IPVS_CMD_SET_DEST";
    case CommandKind::kDestinationDelete:
      return "IPVS_CMD_DEL_DEST";
    case CommandKind::kFlush:
      return "IPVS_CMD_FLUSH";
    case CommandKind::kSetTimeouts:
      return "IPVS_CMD_SET_CONFIG";
    case CommandKind::kSyncDaemonStart:
      return "IPVS_CMD_NEW_DAEMON";
    case CommandKind::kSyncDaemonStop:
      return "IPVS_CMD_DEL_DAEMON";
  }
  return "IPVS_CMD_UNSPEC";
}

void EncodeCommand(uint16_t family, const Command& command, MessageBuilder* builder) {
  Begin(family, CommandNumber(command.kind), NLM_F_ACK, builder);
  switch (command.kind) {
    case CommandKind::kServiceAdd:
    case CommandKind::kServiceEdit:
    case CommandKind::kServiceDelete:
      EncodeServiceCommand(command, builder);
      break;
    case CommandKind::kDestinationAdd:
    case CommandKind::kDestinationEdit:
    case CommandKind::kDestinationDelete:
      EncodeDestinationCommand(command, builder);
      break;
    case CommandKind::kFlush:
      break;
    case CommandKind::kSetTimeouts:
      builder->PutU32(IPVS_CMD_ATTR_TIMEOUT_TCP, command.timeouts.tcp_sec);
      builder->PutU32(IPVS_CMD_ATTR_TIMEOUT_TCP_FIN, command.timeouts.tcp_fin_sec);
      builder->PutU32(IPVS_CMD_ATTR_TIMEOUT_UDP, command.timeouts.udp_sec);
      break;
    case CommandKind::kSyncDaemonStart:
    case CommandKind::kSyncDaemonStop:
      EncodeSyncDaemonCommand(command, builder);
      break;
  }
  builder->End();
}

void EncodeServiceDump(uint16_t family, MessageBuilder* builder) {
  Begin(family, IPVS_CMD_GET_SERVICE, NLM_F_DUMP, builder);
  builder->End();
}

void EncodeDestinationDump(uint16_t family, const ServiceKey& service, MessageBuilder* builder) {
  Begin(family, IPVS_CMD_GET_DEST, NLM_F_DUMP, builder);
  builder->BeginNest(IPVS_CMD_ATTR_SERVICE);
  PutServiceKey(service, builder);
  builder->EndNest();
  builder->End();
}

void EncodeTimeoutsQuery(uint16_t family, MessageBuilder* builder) {
  Begin(family, IPVS_CMD_GET_CONFIG, NLM_F_ACK, builder);
  builder->End();
}

void EncodeSyncDaemonDump(uint16_t family, MessageBuilder* builder) {
  Begin(family, IPVS_CMD_GET_DAEMON, NLM_F_DUMP, builder);
  builder->End();
}

bool DecodeService(const Message& message, Service* service) {
  AttributeTable<IPVS_CMD_ATTR_MAX> command;
  ServiceAttributes attributes;
  if (!ParseMessage(message, IPVS_CMD_NEW_SERVICE, &command) ||
      !attributes.Parse(command.Get(IPVS_CMD_ATTR_SERVICE))) {
    return false;
  }
  *service = Service{};
  ip_vs_flags flags{};
  uint32_t netmask = 0;
  if (!DecodeServiceKey(attributes, &service->key) ||
      !attributes.Read(IPVS_SVC_ATTR_FLAGS, &flags) ||
      !attributes.Read(IPVS_SVC_ATTR_TIMEOUT, &service->timeout_sec) ||
      !attributes.Read(IPVS_SVC_ATTR_NETMASK, &netmask)) {
    return false;
  }
  service->flags = flags.flags & kServiceFlags;
  service->granularity = service->key.family == AF_INET ? ntohl(netmask) : netmask;
  return CopyText(ReadText(attributes.Get(IPVS_SVC_ATTR_SCHED_NAME)), &service->scheduler) &&
         CopyText(ReadText(attributes.Get(IPVS_SVC_ATTR_PE_NAME)), &service->persistence_engine) &&
         DecodeTraffic(attributes.Get(IPVS_SVC_ATTR_STATS64), &service->traffic);
}

bool DecodeDestination(const Message& message, uint16_t service_family, Destination* destination) {
  AttributeTable<IPVS_CMD_ATTR_MAX> command;
  DestinationAttributes attributes;
  if (!ParseMessage(message, IPVS_CMD_NEW_DEST, &command) ||
      !attributes.Parse(command.Get(IPVS_CMD_ATTR_DEST))) {
    return false;
  }
  *destination = Destination{};
  destination->family = service_family;
  return ReadOptional(attributes, IPVS_DEST_ATTR_ADDR_FAMILY, &destination->family) &&
         IsFamily(destination->family) &&
         attributes.Read(IPVS_DEST_ATTR_ADDR, &destination->address) &&
         ReadPort(attributes.Get(IPVS_DEST_ATTR_PORT), &destination->port) &&
         attributes.Read(IPVS_DEST_ATTR_FWD_METHOD, &destination->forward) &&
         attributes.Read(IPVS_DEST_ATTR_WEIGHT, &destination->weight) &&
         attributes.Read(IPVS_DEST_ATTR_U_THRESH, &destination->upper_threshold) &&
         attributes.Read(IPVS_DEST_ATTR_L_THRESH, &destination->lower_threshold) &&
         attributes.Read(IPVS_DEST_ATTR_ACTIVE_CONNS, &destination->active_connections) &&
         attributes.Read(IPVS_DEST_ATTR_INACT_CONNS, &destination->inactive_connections) &&
         attributes.Read(IPVS_DEST_ATTR_PERSIST_CONNS, &destination->persistent_connections) &&
         DecodeTunnel(attributes, destination) &&
         DecodeTraffic(attributes.Get(IPVS_DEST_ATTR_STATS64), &destination->traffic);
}

bool DecodeTimeouts(const Message& message, Timeouts* timeouts) {
  AttributeTable<IPVS_CMD_ATTR_MAX> command;
  return ParseMessage(message, IPVS_CMD_SET_CONFIG, &command) &&
         command.Read(IPVS_CMD_ATTR_TIMEOUT_TCP, &timeouts->tcp_sec) &&
         command.Read(IPVS_CMD_ATTR_TIMEOUT_TCP_FIN, &timeouts->tcp_fin_sec) &&
         command.Read(IPVS_CMD_ATTR_TIMEOUT_UDP, &timeouts->udp_sec);
}

bool DecodeSyncDaemon(const Message& message, SyncDaemon* daemon) {
  AttributeTable<IPVS_CMD_ATTR_MAX> command;
  DaemonAttributes attributes;
  if (!ParseMessage(message, IPVS_CMD_NEW_DAEMON, &command) ||
      !attributes.Parse(command.Get(IPVS_CMD_ATTR_DAEMON))) {
    return false;
  }
  *daemon = SyncDaemon{};
  return attributes.Read(IPVS_DAEMON_ATTR_STATE, &daemon->state) &&
         (daemon->state == IP_VS_STATE_MASTER || daemon->state == IP_VS_STATE_BACKUP) &&
         CopyText(ReadText(attributes.Get(IPVS_DAEMON_ATTR_MCAST_IFN)), &daemon->interface_name) &&
         attributes.Read(IPVS_DAEMON_ATTR_SYNC_ID, &daemon->sync_id) &&
         ReadOptional(attributes, IPVS_DAEMON_ATTR_SYNC_MAXLEN, &daemon->max_length) &&
         ReadOptional(attributes, IPVS_DAEMON_ATTR_MCAST_PORT, &daemon->port) &&
         ReadOptional(attributes, IPVS_DAEMON_ATTR_MCAST_TTL, &daemon->ttl) &&
         DecodeGroup(attributes, daemon);
}

}  // namespace holdfast::ipvs
