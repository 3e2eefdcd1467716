#include <linux/genetlink.h>
#include <linux/ip_vs.h>
#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "fuzz/netlink_input.h"
#include "netlink/ipvs_codec.h"
#include "netlink/message.h"

namespace {

using holdfast::ipvs::Command;
using holdfast::ipvs::CommandKind;
using holdfast::ipvs::Destination;
using holdfast::ipvs::Service;
using holdfast::netlink::Bytes;
using holdfast::netlink::Message;
using holdfast::netlink::MessageBuilder;
using holdfast::netlink::MessageReader;

void Require(bool condition) {
  if (!condition) abort();
}

Message Encode(const Command& command, MessageBuilder* builder) {
  builder->Clear();
  holdfast::ipvs::EncodeCommand(0x1c, command, builder);
  Require(builder->ok() && builder->count() == 1);
  MessageReader reader(builder->bytes());
  Message message;
  Require(reader.Next(&message) && reader.ok());
  return message;
}

/** What was read from a service can be written, and is then read as the same. */
void RoundTrip(const Service& service) {
  Command command;
  command.kind = CommandKind::kServiceAdd;
  command.service = service;
  MessageBuilder builder;
  Service again;
  Require(holdfast::ipvs::DecodeService(Encode(command, &builder), &again));
  Require(again.key.family == service.key.family && again.key.fwmark == service.key.fwmark);
  Require(again.key.protocol == service.key.protocol && again.key.port == service.key.port);
  Require(again.key.address == service.key.address && again.flags == service.flags);
  Require(again.timeout_sec == service.timeout_sec && again.granularity == service.granularity);
  Require(strcmp(again.scheduler.data(), service.scheduler.data()) == 0);
  Require(strcmp(again.persistence_engine.data(), service.persistence_engine.data()) == 0);
  holdfast::ipvs::EncodeDestinationDump(0x1c, service.key, &builder);
}

void Decode(const Message& message) {
  Service service;
  if (holdfast::ipvs::DecodeService(message, &service)) RoundTrip(service);
  for (const uint16_t family : {AF_INET, AF_INET6}) {
    Command command;
    command.kind = CommandKind::kDestinationAdd;
    if (!holdfast::ipvs::DecodeDestination(message, family, &command.destination)) continue;
    Require(command.destination.family == AF_INET || command.destination.family == AF_INET6);
    MessageBuilder builder;
    Encode(command, &builder);
  }
  holdfast::ipvs::Timeouts timeouts;
  holdfast::ipvs::DecodeTimeouts(message, &timeouts);
  Command start;
  start.kind = CommandKind::kSyncDaemonStart;
  if (holdfast::ipvs::DecodeSyncDaemon(message, &start.daemon)) {
    MessageBuilder builder;
    Encode(start, &builder);
  }
}

void DecodeAnswer(uint8_t command, uint16_t nest, Bytes attributes) {
  genlmsghdr header{};
  header.cmd = command;
  header.version = IPVS_GENL_VERSION;
  MessageBuilder builder;
  builder.Begin(0x1c, 0, header);
  builder.Put(nest, attributes);
  builder.End();
  Require(builder.ok());
  MessageReader reader(builder.bytes());
  Message message;
  Require(reader.Next(&message));
  Decode(message);
}

}  // namespace

/** The input as a datagram, and as the attributes of an answer of each kind. */
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const Bytes input(data, size);
  MessageReader reader(input);
  Message message;
  while (reader.Next(&message)) Decode(message);
  const std::vector<uint8_t> shaped = holdfast::netlink::ShapeAttributes(input);
  DecodeAnswer(IPVS_CMD_NEW_SERVICE, IPVS_CMD_ATTR_SERVICE, shaped);
  DecodeAnswer(IPVS_CMD_NEW_SERVICE, IPVS_CMD_ATTR_SERVICE, input);
  DecodeAnswer(IPVS_CMD_NEW_DEST, IPVS_CMD_ATTR_DEST, shaped);
  DecodeAnswer(IPVS_CMD_NEW_DEST, IPVS_CMD_ATTR_DEST, input);
  DecodeAnswer(IPVS_CMD_NEW_DAEMON, IPVS_CMD_ATTR_DAEMON, shaped);
  DecodeAnswer(IPVS_CMD_NEW_DAEMON, IPVS_CMD_ATTR_DAEMON, input);
  message.header = {};
  message.payload = shaped;
  Decode(message);
  return 0;
}
