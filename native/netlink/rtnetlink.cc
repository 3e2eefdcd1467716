#include "netlink/rtnetlink.h"

#include <errno.h>

#include <string>

namespace holdfast::netlink {

namespace {

/** A table that changes during every one of so many dumps is reported as it was last seen. */
constexpr int kDumpsMax = 10;

/** Repeats a dump during which the table changed. Records that cannot be read are left out. */
template <typename Record>
int Dump(Socket* socket, std::span<uint8_t> request, bool (*decode)(const Message&, Record*),
         std::vector<Record>* records) {
  int error = -EINTR;
  for (int dump = 0; dump < kDumpsMax && error == -EINTR; ++dump) {
    records->clear();
    error = socket->Query(request, [&](const Message& message) {
      Record record;
      if (decode(message, &record)) records->push_back(record);
    });
  }
  return error == -EINTR ? 0 : error;
}

}  // namespace

int Rtnetlink::Beats(std::span<const BeatRequest> requests,
                     std::vector<std::optional<bool>>* beats) {
  for (const BeatRequest& request : requests) {
    beats->push_back(ReadLinkBeat(socket_.fd(), request));
  }
  return 0;
}

int Rtnetlink::Links(std::vector<LinkRecord>* links) {
  builder_.Clear();
  EncodeLinkDump(&builder_);
  return Dump(&socket_, builder_.bytes(), DecodeLink, links);
}

int Rtnetlink::Addresses(std::vector<AddressRecord>* addresses) {
  builder_.Clear();
  EncodeAddressDump(&builder_);
  return Dump(&socket_, builder_.bytes(), DecodeAddress, addresses);
}

std::vector<CommandFailure> Rtnetlink::Apply(std::span<const AddressCommand> commands) {
  const auto encode = [](const AddressCommand& command, MessageBuilder* builder) {
    if (command.is_delete) {
      EncodeAddressDelete(command.address, builder);
    } else {
      EncodeAddressAdd(command.address, builder);
    }
  };
  const auto describe = [](const AddressCommand&, const Ack& ack) {
    return std::string(ack.message);
  };
  return ApplyBatch(&socket_, &builder_, commands, encode, describe);
}

std::vector<CommandFailure> Rtnetlink::Apply(std::span<const PreparedMessage> messages) {
  const auto describe = [](const PreparedMessage&, const Ack& ack) {
    return std::string(ack.message);
  };
  return ApplyBatch(&socket_, &builder_, messages, EncodePrepared, describe);
}

int Rtnetlink::Query(const PreparedMessage& request, std::vector<PreparedMessage>* answer) {
  builder_.Clear();
  EncodePrepared(request, &builder_);
  if (!builder_.ok()) return -EMSGSIZE;
  const auto decode = [](const Message& message, PreparedMessage* record) {
    record->type = message.header.nlmsg_type;
    record->flags = message.header.nlmsg_flags;
    record->payload.assign(message.payload.begin(), message.payload.end());
    return true;
  };
  return Dump<PreparedMessage>(&socket_, builder_.bytes(), decode, answer);
}

}  // namespace holdfast::netlink
