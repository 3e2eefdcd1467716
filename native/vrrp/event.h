#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <type_traits>
#include <variant>

#include "bfd/model.h"
#include "netlink/rtnetlink_codec.h"
#include "vrrp/ip_address.h"
#include "vrrp/model.h"

namespace holdfast::vrrp {

/** contract.ts `SyscallFailure`; the texts are NUL-terminated and cut where they do not fit. */
struct Failure {
  int error_number = 0;
  std::array<char, 24> syscall{};
  std::array<char, 96> message{};
};

/** contract.ts `failed.action` */
enum class FailedAction : uint8_t {
  kSendAdvert,
  kAddAddresses,
  kRemoveAddresses,
  kAnnounce,
  kOpen,
  kReceive,
};

struct RanEvent {
  int64_t epoch = 0;
  Trigger trigger = Trigger::kActiveDown;
  bool has_advert = false;
  AdvertFacts advert;
};
struct HappenedEvent {
  Trigger trigger = Trigger::kActiveDown;
  bool has_advert = false;
  AdvertFacts advert;
};
struct HeardEvent {
  Trigger trigger = Trigger::kActiveDown;
  AdvertFacts advert;
};
struct DroppedEvent {
  DropReason reason = DropReason::kTooShort;
  IpAddress source;
  int32_t ifindex = 0;
  int64_t received = 0;
  int64_t expected = 0;
};
struct AcceptedEvent {
  int64_t order = 0;
};
struct RefusedEvent {
  int64_t order = 0;
  int64_t epoch = 0;
  Phase phase = Phase::kIdle;
};
struct FailedEvent {
  FailedAction action = FailedAction::kOpen;
  Failure failure;
  /** Unset when no address is concerned. */
  IpAddress address;
};
struct LinkEvent {
  netlink::LinkRecord link;
  bool is_deleted = false;
};
struct AddressEvent {
  netlink::AddressRecord address;
  bool is_deleted = false;
};
/** A burst of announcements after the first has begun. */
struct AnnouncedEvent {
  uint32_t rounds = 0;
};
/** An advert came so late that another router is active by now. */
struct StalledEvent {
  int64_t late_us = 0;
};
struct OverrunEvent {};
struct ObjectRemovedEvent {
  netlink::ObjectRecord object;
};

/** contract.ts `BfdEvent` */
struct SessionEvent {
  /** 0: none */
  int32_t session = 0;
  bfd::Report report;
};

/** contract.ts `VrrpEvent` and `BfdEvent`, as a record of fixed size. */
struct Event {
  int64_t at_us = 0;
  /** 0: none */
  int32_t instance = 0;
  std::variant<RanEvent, HappenedEvent, HeardEvent, DroppedEvent, AcceptedEvent, RefusedEvent,
               FailedEvent, AnnouncedEvent, StalledEvent, LinkEvent, AddressEvent, OverrunEvent,
               ObjectRemovedEvent, SessionEvent>
      body;
};
static_assert(std::is_trivially_copyable_v<Event>);

/** @param message empty: strerror's */
Failure MakeFailure(const char* syscall, int error_number, std::string_view message = {});

}  // namespace holdfast::vrrp
