#include "netlink/rtnetlink.h"

#include <errno.h>

#include <algorithm>

namespace holdfast::netlink {

namespace {

/** Commands encoded at a time: bounds the memory of a huge batch. */
constexpr size_t kSlice = 4'096;
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
  std::vector<CommandFailure> failures;
  for (size_t start = 0; start < commands.size(); start += kSlice) {
    const auto slice = commands.subspan(start, std::min(kSlice, commands.size() - start));
    builder_.Clear();
    for (const AddressCommand& command : slice) {
      if (command.is_delete) {
        EncodeAddressDelete(command.address, &builder_);
      } else {
        EncodeAddressAdd(command.address, &builder_);
      }
    }
    socket_.Transact(builder_.bytes(), [&](size_t index, const Ack& ack) {
      if (ack.error_number == 0) return;
      failures.push_back({start + index, ack.error_number, std::string(ack.message)});
    });
  }
  return failures;
}

}  // namespace holdfast::netlink
