#include "vrrp/address_set.h"

#include <linux/rtnetlink.h>

#include <ranges>

namespace holdfast::vrrp {

void AddressSet::Batch::Append(netlink::MessageBuilder* message, const Subject& subject) {
  const auto encoded = message->bytes();
  bytes.insert(bytes.end(), encoded.begin(), encoded.end());
  offsets.push_back(bytes.size());
  subjects.push_back(subject);
  message->Clear();
}

AddressSet::AddressSet(std::span<const VirtualAddress> addresses,
                       std::span<const PreparedObject> objects, int64_t extra_interval_us)
    : extra_interval_us_(extra_interval_us) {
  netlink::MessageBuilder message(256);
  for (const PreparedObject& object : objects | std::views::reverse) {
    netlink::EncodePrepared(object.remove, &message);
    remove_.Append(&message, {.type = object.remove.type, .address = {}});
  }
  for (const VirtualAddress& address : addresses) {
    const netlink::AddressRecord& record = address.record;
    addresses_.push_back(IpAddress::FromBytes(
        std::span(record.address).first(netlink::AddressLength(record.family))));
    ifindexes_.push_back(record.ifindex);
    frames_.push_back(EncodeAnnounceFrame(addresses_.back(), address.mac));
    if (address.is_extra) extra_indexes_.push_back(addresses_.size() - 1);
    if (address.is_permanent) continue;
    if (address.add) {
      netlink::EncodePrepared(*address.add, &message);
    } else {
      netlink::EncodeAddressAdd(record, &message);
    }
    add_.Append(&message, {.type = RTM_NEWADDR, .address = addresses_.back()});
    netlink::EncodeAddressDelete(record, &message);
    remove_.Append(&message, {.type = RTM_DELADDR, .address = addresses_.back()});
  }
  for (const PreparedObject& object : objects) {
    netlink::EncodePrepared(object.add, &message);
    add_.Append(&message, {.type = object.add.type, .address = {}});
  }
}

std::span<uint8_t> AddressSet::Messages(Change change, size_t first, size_t count) {
  Batch& batch = change == Change::kAdd ? add_ : remove_;
  const size_t begin = batch.offsets[first];
  return std::span(batch.bytes).subspan(begin, batch.offsets[first + count] - begin);
}

AddressSet::Subject AddressSet::SubjectOf(Change change, size_t message) const {
  return BatchOf(change).subjects[message];
}

}  // namespace holdfast::vrrp
