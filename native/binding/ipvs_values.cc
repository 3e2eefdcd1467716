#include "binding/ipvs_values.h"

#include <linux/ip_vs.h>
#include <sys/socket.h>

#include <array>
#include <cstdint>

#include "binding/ipvs_names.h"
#include "binding/rtnetlink_values.h"
#include "binding/values.h"

namespace holdfast::binding {

namespace {

using ipvs::Destination;
using ipvs::Service;
using ipvs::ServiceKey;

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
