#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "netlink/message.h"
#include "netlink/prepared.h"
#include "netlink/rtnetlink_codec.h"
#include "vrrp/frames.h"
#include "vrrp/ip_address.h"

namespace holdfast::vrrp {

using MacAddress = std::array<uint8_t, 6>;

struct VirtualAddress {
  netlink::AddressRecord record;
  MacAddress mac{};
  /** Takes the place of the message made from the record. */
  std::optional<netlink::PreparedMessage> add;
  /** It is there all the time: announced, but neither added nor removed. */
  bool is_permanent = false;
  /** The one that is announced again and again on its interface. */
  bool is_extra = false;
};

/** contract.ts `PreparedObject`: a route, a rule, the state of a link. */
struct PreparedObject {
  netlink::PreparedMessage add;
  netlink::PreparedMessage remove;
};

/**
 * The virtual addresses of one transport in their order, with the netlink messages that add and
 * remove them and the frames that announce them, all encoded beforehand. Objects such as routes are
 * added after the addresses, and removed before them in reverse order.
 */
class AddressSet {
 public:
  enum class Change : uint8_t { kAdd, kRemove };

  /** @param extra_interval_us between announcements of the extra addresses; 0: never */
  explicit AddressSet(std::span<const VirtualAddress> addresses,
                      std::span<const PreparedObject> objects = {}, int64_t extra_interval_us = 0);

  size_t size() const { return frames_.size(); }
  const IpAddress& address(size_t index) const { return addresses_[index]; }
  /** Interface the address belongs to; it may differ from that of the adverts. */
  int32_t ifindex(size_t index) const { return ifindexes_[index]; }
  const AnnounceFrame& frame(size_t index) const { return frames_[index]; }
  /** Of the extra addresses, in their order. */
  std::span<const size_t> extra_indexes() const { return extra_indexes_; }
  int64_t extra_interval_us() const { return extra_interval_us_; }

  /** How many messages a change takes. */
  size_t MessageCount(Change change) const { return BatchOf(change).offsets.size() - 1; }
  /** Messages [first, first + count); writable, since the socket numbers them. */
  std::span<uint8_t> Messages(Change change, size_t first, size_t count);
  /** What a message of a change is for: an unset address when it concerns none. */
  struct Subject {
    uint16_t type = 0;
    IpAddress address;
  };
  Subject SubjectOf(Change change, size_t message) const;

 private:
  struct Batch {
    std::vector<uint8_t> bytes;
    /** Where each message starts, and the end. */
    std::vector<size_t> offsets{0};
    std::vector<Subject> subjects;

    void Append(netlink::MessageBuilder* message, const Subject& subject);
  };
  const Batch& BatchOf(Change change) const { return change == Change::kAdd ? add_ : remove_; }

  std::vector<IpAddress> addresses_;
  std::vector<int32_t> ifindexes_;
  std::vector<AnnounceFrame> frames_;
  std::vector<size_t> extra_indexes_;
  int64_t extra_interval_us_;
  Batch add_;
  Batch remove_;
};

}  // namespace holdfast::vrrp
