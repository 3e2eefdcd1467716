#include <linux/ip_vs.h>
#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "binding/ipvs_names.h"
#include "binding/ipvs_values.h"
#include "binding/rtnetlink_values.h"
#include "binding/values.h"

namespace holdfast::binding {

namespace {

using ipvs::Command;
using ipvs::CommandKind;
using ipvs::Destination;
using ipvs::Service;
using ipvs::ServiceKey;

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

}  // namespace holdfast::binding
