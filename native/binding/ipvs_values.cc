#include "binding/ipvs_values.h"

#include <linux/ip_vs.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>

#include "binding/rtnetlink_values.h"
#include "binding/values.h"

namespace holdfast::binding {

namespace {

using ipvs::Command;
using ipvs::CommandKind;
using ipvs::Destination;
using ipvs::Service;
using ipvs::ServiceKey;

struct NamedValue {
  const char* name;
  uint32_t value;
};

constexpr std::array<NamedValue, 10> kKinds{{
    {"service-add", static_cast<uint32_t>(CommandKind::kServiceAdd)},
    {"service-edit", static_cast<uint32_t>(CommandKind::kServiceEdit)},
    {"service-delete", static_cast<uint32_t>(CommandKind::kServiceDelete)},
    {"destination-add", static_cast<uint32_t>(CommandKind::kDestinationAdd)},
    {"destination-edit", static_cast<uint32_t>(CommandKind::kDestinationEdit)},
    {"destination-delete", static_cast<uint32_t>(CommandKind::kDestinationDelete)},
    {"flush", static_cast<uint32_t>(CommandKind::kFlush)},
    {"set-timeouts", static_cast<uint32_t>(CommandKind::kSetTimeouts)},
    {"sync-daemon-start", static_cast<uint32_t>(CommandKind::kSyncDaemonStart)},
    {"sync-daemon-stop", static_cast<uint32_t>(CommandKind::kSyncDaemonStop)},
}};
constexpr std::array<NamedValue, 3> kProtocols{{
    {"tcp", IPPROTO_TCP},
    {"udp", IPPROTO_UDP},
    {"sctp", IPPROTO_SCTP},
}};
constexpr std::array<NamedValue, 5> kForwardMethods{{
    {"masq", IP_VS_CONN_F_MASQ},
    {"localnode", IP_VS_CONN_F_LOCALNODE},
    {"tunnel", IP_VS_CONN_F_TUNNEL},
    {"droute", IP_VS_CONN_F_DROUTE},
    {"bypass", IP_VS_CONN_F_BYPASS},
}};
constexpr std::array<NamedValue, 2> kSyncRoles{{
    {"master", IP_VS_STATE_MASTER},
    {"backup", IP_VS_STATE_BACKUP},
}};
constexpr std::array<NamedValue, 3> kTunnelTypes{{
    {"ipip", IP_VS_CONN_F_TUNNEL_TYPE_IPIP},
    {"gue", IP_VS_CONN_F_TUNNEL_TYPE_GUE},
    {"gre", IP_VS_CONN_F_TUNNEL_TYPE_GRE},
}};
constexpr std::array<NamedValue, 4> kFlags{{
    {"one-packet", IP_VS_SVC_F_ONEPACKET},
    {"sched-1", IP_VS_SVC_F_SCHED1},
    {"sched-2", IP_VS_SVC_F_SCHED2},
    {"sched-3", IP_VS_SVC_F_SCHED3},
}};

uint32_t ValueOf(std::span<const NamedValue> names, const std::string& text, FieldReader* reader,
                 const char* field) {
  std::string expected;
  for (const NamedValue& named : names) {
    if (text == named.name) return named.value;
    expected += (expected.empty() ? "\"" : ", \"") + std::string(named.name) + "\"";
  }
  reader->Fail(field, "one of " + expected + " is expected");
  return 0;
}

const char* NameOf(std::span<const NamedValue> names, uint32_t value) {
  for (const NamedValue& named : names) {
    if (value == named.value) return named.name;
  }
  return names[0].name;
}

void ReadKey(FieldReader* reader, ServiceKey* key) {
  const int family = reader->Family("family");
  key->family = static_cast<uint16_t>(family);
  key->fwmark = reader->Integer<uint32_t>("fwmark");
  key->port = reader->Integer<uint16_t>("port");
  const std::optional<std::string> protocol = reader->NullableString("protocol");
  if (key->fwmark != 0) {
    reader->NullableString("address");
    return;
  }
  if (!protocol) return reader->Fail("protocol", "a string is expected when fwmark is 0");
  key->protocol = static_cast<uint16_t>(ValueOf(kProtocols, *protocol, reader, "protocol"));
  ReadAddressField(reader, "address", family, &key->address);
}

void ReadFlags(FieldReader* reader, Service* service) {
  const Napi::Array flags = reader->Array("flags");
  if (!reader->ok()) return;
  const uint32_t length = flags.Length();
  for (uint32_t index = 0; index < length && reader->ok(); ++index) {
    const Napi::Value flag = flags.Get(index);
    if (!flag.IsString()) return reader->Fail("flags", "strings are expected");
    service->flags |= ValueOf(kFlags, flag.As<Napi::String>().Utf8Value(), reader, "flags");
  }
}

void ReadService(FieldReader* reader, Service* service) {
  ReadKey(reader, &service->key);
  const std::string scheduler = reader->String("scheduler");
  if (scheduler.empty() || !netlink::CopyText(scheduler, &service->scheduler)) {
    reader->Fail("scheduler", "1 to 15 octets are expected");
  }
  service->timeout_sec = reader->Integer<uint32_t>("persistenceTimeoutSec");
  service->granularity = reader->Integer<uint32_t>("persistenceGranularity");
  const std::optional<std::string> engine = reader->NullableString("persistenceEngine");
  if (engine && !netlink::CopyText(*engine, &service->persistence_engine)) {
    reader->Fail("persistenceEngine", "at most 15 octets are expected");
  }
  ReadFlags(reader, service);
  if (service->timeout_sec != 0) service->flags |= IP_VS_SVC_F_PERSISTENT;
}

void ReadDestination(FieldReader* reader, Destination* destination) {
  const int family = reader->Family("family");
  destination->family = static_cast<uint16_t>(family);
  ReadAddressField(reader, "address", family, &destination->address);
  destination->port = reader->Integer<uint16_t>("port");
  destination->forward = ValueOf(kForwardMethods, reader->String("fwdMethod"), reader, "fwdMethod");
  // The kernel takes it for a signed number.
  destination->weight = static_cast<uint32_t>(reader->Integer("weight", 0, INT32_MAX));
  destination->upper_threshold = reader->Integer<uint32_t>("upperThreshold");
  destination->lower_threshold = reader->Integer<uint32_t>("lowerThreshold");
  destination->tunnel_type = static_cast<uint8_t>(
      ValueOf(kTunnelTypes, reader->String("tunnelType"), reader, "tunnelType"));
  destination->tunnel_port = reader->Integer<uint16_t>("tunnelPort");
  destination->tunnel_flags = reader->Integer<uint16_t>("tunnelFlags");
}

void ReadTimeouts(FieldReader* reader, ipvs::Timeouts* timeouts) {
  timeouts->tcp_sec = reader->Integer<uint32_t>("tcpSec");
  timeouts->tcp_fin_sec = reader->Integer<uint32_t>("tcpFinSec");
  timeouts->udp_sec = reader->Integer<uint32_t>("udpSec");
}

void ReadSyncGroup(FieldReader* reader, ipvs::SyncDaemon* daemon) {
  const std::optional<std::string> group = reader->NullableString("group");
  if (!group) return;
  const int family = group->find(':') == std::string::npos ? AF_INET : AF_INET6;
  daemon->group_family = static_cast<uint16_t>(family);
  ReadAddressField(reader, "group", family, &daemon->group);
}

void ReadSyncDaemon(FieldReader* reader, ipvs::SyncDaemon* daemon) {
  daemon->state = ValueOf(kSyncRoles, reader->String("role"), reader, "role");
  const std::string name = reader->String("interfaceName");
  if (name.empty() || !netlink::CopyText(name, &daemon->interface_name)) {
    reader->Fail("interfaceName", "1 to 15 octets are expected");
  }
  daemon->sync_id = static_cast<uint32_t>(reader->Integer("syncId", 0, 255));
  daemon->max_length =
      static_cast<uint16_t>(reader->NullableInteger("maxLengthBytes", 1, 65507).value_or(0));
  daemon->port = static_cast<uint16_t>(reader->NullableInteger("port", 1, 65535).value_or(0));
  daemon->ttl = static_cast<uint8_t>(reader->NullableInteger("ttl", 1, 255).value_or(0));
  ReadSyncGroup(reader, daemon);
}

/** Property names made once for a whole dump: making them each time takes longer than the rest. */
class Keys {
 public:
  explicit Keys(Napi::Env env) : env_(env) {}

  enum Key : uint8_t {
    kFamily,
    kFwmark,
    kProtocol,
    kAddress,
    kPort,
    kScheduler,
    kTimeout,
    kGranularity,
    kEngine,
    kFlagNames,
    kForward,
    kWeight,
    kUpper,
    kLower,
    kTunnelType,
    kTunnelPort,
    kTunnelFlags,
    kActive,
    kInactive,
    kPersistent,
    kService,
    kDestinations,
    kTraffic,
    kConnections,
    kInPackets,
    kOutPackets,
    kInBytes,
    kOutBytes,
    kConnectionRate,
    kInPacketRate,
    kOutPacketRate,
    kInByteRate,
    kOutByteRate,
    kCount,
  };

  napi_value operator[](Key key) {
    if (values_[key] == nullptr) values_[key] = Napi::String::New(env_, kNames[key]);
    return values_[key];
  }
  /** Makes all of them, in the scope that is open now. */
  void MakeAll() {
    for (uint8_t key = 0; key < kCount; ++key) (*this)[static_cast<Key>(key)];
  }

 private:
  static constexpr std::array<const char*, kCount> kNames{"family",
                                                          "fwmark",
                                                          "protocol",
                                                          "address",
                                                          "port",
                                                          "scheduler",
                                                          "persistenceTimeoutSec",
                                                          "persistenceGranularity",
                                                          "persistenceEngine",
                                                          "flags",
                                                          "fwdMethod",
                                                          "weight",
                                                          "upperThreshold",
                                                          "lowerThreshold",
                                                          "tunnelType",
                                                          "tunnelPort",
                                                          "tunnelFlags",
                                                          "activeConnections",
                                                          "inactiveConnections",
                                                          "persistentConnections",
                                                          "service",
                                                          "destinations",
                                                          "traffic",
                                                          "connections",
                                                          "inPackets",
                                                          "outPackets",
                                                          "inBytes",
                                                          "outBytes",
                                                          "connectionsPerSec",
                                                          "inPacketsPerSec",
                                                          "outPacketsPerSec",
                                                          "inBytesPerSec",
                                                          "outBytesPerSec"};

  Napi::Env env_;
  std::array<napi_value, kCount> values_{};
};

Napi::Value MakeFlags(Napi::Env env, uint32_t flags) {
  Napi::Array names = Napi::Array::New(env);
  for (const NamedValue& named : kFlags) {
    if ((flags & named.value) != 0) names.Set(names.Length(), named.name);
  }
  return names;
}

void SetNumber(Napi::Object* object, napi_value key, uint64_t value) {
  object->Set(key, Napi::Number::New(object->Env(), static_cast<double>(value)));
}

Napi::Object MakeServiceKey(Napi::Env env, const ServiceKey& key, Keys* keys) {
  const bool is_marked = key.fwmark != 0;
  Napi::Object made = Napi::Object::New(env);
  made.Set((*keys)[Keys::kFamily], Napi::String::New(env, FamilyName(key.family)));
  SetNumber(&made, (*keys)[Keys::kFwmark], key.fwmark);
  made.Set((*keys)[Keys::kProtocol],
           is_marked ? env.Null() : Napi::String::New(env, NameOf(kProtocols, key.protocol)));
  made.Set((*keys)[Keys::kAddress],
           is_marked ? env.Null() : Napi::String::New(env, AddressText(key.family, key.address)));
  SetNumber(&made, (*keys)[Keys::kPort], key.port);
  return made;
}

Napi::Object MakeService(Napi::Env env, const Service& service, Keys* keys) {
  const bool is_persistent = (service.flags & IP_VS_SVC_F_PERSISTENT) != 0;
  const char* const engine = service.persistence_engine.data();
  Napi::Object made = MakeServiceKey(env, service.key, keys);
  made.Set((*keys)[Keys::kScheduler], Napi::String::New(env, service.scheduler.data()));
  SetNumber(&made, (*keys)[Keys::kTimeout], is_persistent ? service.timeout_sec : 0);
  SetNumber(&made, (*keys)[Keys::kGranularity], service.granularity);
  made.Set((*keys)[Keys::kEngine], *engine == '\0' ? env.Null() : Napi::String::New(env, engine));
  made.Set((*keys)[Keys::kFlagNames], MakeFlags(env, service.flags));
  return made;
}

/** What it is and how many connections it has. */
Napi::Object MakeLoad(Napi::Env env, const Destination& destination, Keys* keys) {
  Napi::Object made = Napi::Object::New(env);
  made.Set((*keys)[Keys::kFamily], Napi::String::New(env, FamilyName(destination.family)));
  made.Set((*keys)[Keys::kAddress],
           Napi::String::New(env, AddressText(destination.family, destination.address)));
  SetNumber(&made, (*keys)[Keys::kPort], destination.port);
  SetNumber(&made, (*keys)[Keys::kActive], destination.active_connections);
  SetNumber(&made, (*keys)[Keys::kInactive], destination.inactive_connections);
  SetNumber(&made, (*keys)[Keys::kPersistent], destination.persistent_connections);
  return made;
}

Napi::Object MakeDestination(Napi::Env env, const Destination& destination, Keys* keys) {
  Napi::Object made = MakeLoad(env, destination, keys);
  made.Set((*keys)[Keys::kForward],
           Napi::String::New(env, NameOf(kForwardMethods, destination.forward)));
  SetNumber(&made, (*keys)[Keys::kWeight], destination.weight);
  SetNumber(&made, (*keys)[Keys::kUpper], destination.upper_threshold);
  SetNumber(&made, (*keys)[Keys::kLower], destination.lower_threshold);
  made.Set((*keys)[Keys::kTunnelType],
           Napi::String::New(env, NameOf(kTunnelTypes, destination.tunnel_type)));
  SetNumber(&made, (*keys)[Keys::kTunnelPort], destination.tunnel_port);
  SetNumber(&made, (*keys)[Keys::kTunnelFlags], destination.tunnel_flags);
  return made;
}

Napi::Object MakeTraffic(Napi::Env env, const ipvs::Traffic& traffic, Keys* keys) {
  Napi::Object made = Napi::Object::New(env);
  SetNumber(&made, (*keys)[Keys::kConnections], traffic.connections);
  SetNumber(&made, (*keys)[Keys::kInPackets], traffic.in_packets);
  SetNumber(&made, (*keys)[Keys::kOutPackets], traffic.out_packets);
  SetNumber(&made, (*keys)[Keys::kInBytes], traffic.in_bytes);
  SetNumber(&made, (*keys)[Keys::kOutBytes], traffic.out_bytes);
  SetNumber(&made, (*keys)[Keys::kConnectionRate], traffic.connections_per_sec);
  SetNumber(&made, (*keys)[Keys::kInPacketRate], traffic.in_packets_per_sec);
  SetNumber(&made, (*keys)[Keys::kOutPacketRate], traffic.out_packets_per_sec);
  SetNumber(&made, (*keys)[Keys::kInByteRate], traffic.in_bytes_per_sec);
  SetNumber(&made, (*keys)[Keys::kOutByteRate], traffic.out_bytes_per_sec);
  return made;
}

/** A list of what `make` turns each item into. */
template <typename Item, typename Make>
Napi::Array MakeList(Napi::Env env, const std::vector<Item>& items, const Make& make) {
  Napi::Array list = Napi::Array::New(env, items.size());
  for (size_t index = 0; index < items.size(); ++index) {
    const Napi::HandleScope scope(env);
    list.Set(static_cast<uint32_t>(index), make(items[index]));
  }
  return list;
}

Napi::Object MakeEntry(Napi::Env env, const ipvs::ServiceEntry& entry, Keys* keys) {
  Napi::Object made = Napi::Object::New(env);
  made.Set((*keys)[Keys::kService], MakeService(env, entry.service, keys));
  const auto make = [env, keys](const Destination& one) { return MakeDestination(env, one, keys); };
  made.Set((*keys)[Keys::kDestinations], MakeList(env, entry.destinations, make));
  return made;
}

Napi::Object MakeUsage(Napi::Env env, const ipvs::ServiceEntry& entry, Keys* keys) {
  Napi::Object made = MakeServiceKey(env, entry.service.key, keys);
  made.Set((*keys)[Keys::kTraffic], MakeTraffic(env, entry.service.traffic, keys));
  const auto make = [env, keys](const Destination& destination) {
    Napi::Object load = MakeLoad(env, destination, keys);
    load.Set((*keys)[Keys::kTraffic], MakeTraffic(env, destination.traffic, keys));
    return load;
  };
  made.Set((*keys)[Keys::kDestinations], MakeList(env, entry.destinations, make));
  return made;
}

}  // namespace

bool ReadIpvsCommand(const Napi::Value& value, const std::string& name, Command* command) {
  FieldReader reader(value, name);
  const std::string kind = reader.String("kind");
  if (reader.ok()) command->kind = static_cast<CommandKind>(ValueOf(kKinds, kind, &reader, "kind"));
  if (!reader.ok()) return false;
  if (command->kind == CommandKind::kFlush) return true;
  if (command->kind == CommandKind::kSetTimeouts) {
    FieldReader timeouts(reader.Value("timeouts"), name + ".timeouts");
    ReadTimeouts(&timeouts, &command->timeouts);
    return timeouts.ok();
  }
  if (command->kind == CommandKind::kSyncDaemonStop) {
    command->daemon.state = ValueOf(kSyncRoles, reader.String("role"), &reader, "role");
    return reader.ok();
  }
  if (command->kind == CommandKind::kSyncDaemonStart) {
    FieldReader daemon(reader.Value("daemon"), name + ".daemon");
    ReadSyncDaemon(&daemon, &command->daemon);
    return daemon.ok();
  }
  FieldReader service(reader.Value("service"), name + ".service");
  if (command->kind == CommandKind::kServiceAdd || command->kind == CommandKind::kServiceEdit) {
    ReadService(&service, &command->service);
    return service.ok();
  }
  ReadKey(&service, &command->service.key);
  if (!service.ok() || command->kind == CommandKind::kServiceDelete) return service.ok();
  FieldReader destination(reader.Value("destination"), name + ".destination");
  ReadDestination(&destination, &command->destination);
  return destination.ok();
}

Napi::Value MakeIpvsEntries(Napi::Env env, const std::vector<ipvs::ServiceEntry>& entries) {
  Keys keys(env);
  keys.MakeAll();
  return MakeList(env, entries, [env, &keys](const ipvs::ServiceEntry& entry) {
    return MakeEntry(env, entry, &keys);
  });
}

Napi::Value MakeIpvsUsage(Napi::Env env, const std::vector<ipvs::ServiceEntry>& entries) {
  Keys keys(env);
  keys.MakeAll();
  return MakeList(env, entries, [env, &keys](const ipvs::ServiceEntry& entry) {
    return MakeUsage(env, entry, &keys);
  });
}

Napi::Value MakeIpvsTimeouts(Napi::Env env, const ipvs::Timeouts& timeouts) {
  Napi::Object made = Napi::Object::New(env);
  made.Set("tcpSec", timeouts.tcp_sec);
  made.Set("tcpFinSec", timeouts.tcp_fin_sec);
  made.Set("udpSec", timeouts.udp_sec);
  return made;
}

Napi::Value MakeIpvsSyncDaemons(Napi::Env env, const std::vector<ipvs::SyncDaemon>& daemons) {
  Napi::Array list = Napi::Array::New(env, daemons.size());
  const auto number = [env](uint32_t value) -> Napi::Value {
    return value == 0 ? env.Null() : Napi::Number::New(env, value);
  };
  for (const ipvs::SyncDaemon& daemon : daemons) {
    const bool has_group = daemon.group_family != AF_UNSPEC;
    Napi::Object made = Napi::Object::New(env);
    made.Set("role", NameOf(kSyncRoles, daemon.state));
    made.Set("interfaceName", daemon.interface_name.data());
    made.Set("syncId", daemon.sync_id);
    made.Set("maxLengthBytes", number(daemon.max_length));
    made.Set("port", number(daemon.port));
    made.Set("ttl", number(daemon.ttl));
    made.Set("group", has_group
                          ? Napi::String::New(env, AddressText(daemon.group_family, daemon.group))
                          : env.Null());
    list.Set(list.Length(), made);
  }
  return list;
}

}  // namespace holdfast::binding
