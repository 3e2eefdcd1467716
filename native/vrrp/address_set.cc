#include "vrrp/address_set.h"

namespace holdfast::vrrp {

namespace {

void Append(netlink::MessageBuilder* message, std::vector<uint8_t>* bytes,
            std::vector<size_t>* offsets) {
  const auto encoded = message->bytes();
  bytes->insert(bytes->end(), encoded.begin(), encoded.end());
  offsets->push_back(bytes->size());
  message->Clear();
}

}  // namespace

AddressSet::AddressSet(std::span<const VirtualAddress> addresses) {
  netlink::MessageBuilder message(256);
  for (const VirtualAddress& address : addresses) {
    const netlink::AddressRecord& record = address.record;
    addresses_.push_back(IpAddress::FromBytes(
        std::span(record.address).first(netlink::AddressLength(record.family))));
    ifindexes_.push_back(record.ifindex);
    frames_.push_back(EncodeAnnounceFrame(addresses_.back(), address.mac));
    netlink::EncodeAddressAdd(record, &message);
    Append(&message, &add_.bytes, &add_.offsets);
    netlink::EncodeAddressDelete(record, &message);
    Append(&message, &remove_.bytes, &remove_.offsets);
  }
}

std::span<uint8_t> AddressSet::Messages(Change change, size_t first, size_t count) {
  Batch& batch = change == Change::kAdd ? add_ : remove_;
  const size_t begin = batch.offsets[first];
  return std::span(batch.bytes).subspan(begin, batch.offsets[first + count] - begin);
}

}  // namespace holdfast::vrrp
