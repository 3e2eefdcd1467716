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

}  // namespace holdfast::netlink
