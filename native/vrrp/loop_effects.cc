#include <errno.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "loop/clock.h"
#include "vrrp/loop.h"
#include "vrrp/loop_slot.h"

// What the loop does for its instances.
namespace holdfast::vrrp {

Loop::Slot& Loop::SlotOf(const Instance& instance) { return *slots_.find(instance.id())->second; }

void Loop::SendAdvert(Instance& instance, uint8_t priority, int64_t) {
  Slot& slot = SlotOf(instance);
  Transport& transport = *instance.transport();
  const AdvertStamp stamp = instance.NextStamp();
  const auto send = [&](const IpAddress& destination, std::optional<uint8_t> ttl) {
    const auto packet =
        transport.encoder.Encode(priority, destination, ttl.value_or(kMulticastTtl), stamp);
    const AdvertRoute route{.source = transport.source(),
                            .destination = destination,
                            .hop_limit = ttl,
                            .priority = transport.socket_priority};
    const auto error = slot.socket == nullptr
                           ? SyscallError{.syscall = "sendmsg", .error_number = EBADF}
                           : slot.socket->Send(packet, route);
    if (error && std::exchange(slot.send_error, error->error_number) != error->error_number) {
      Fail(instance.id(), FailedAction::kSendAdvert, *error, destination);
    }
    return !error;
  };
  bool is_sent = false;
  if (!transport.filter.is_unicast) is_sent = send(transport.group, kMulticastTtl);
  for (const UnicastPeer& peer : transport.filter.peers) {
    is_sent = send(peer.address, transport.unicast_ttl) || is_sent;
  }
  if (!is_sent) return;
  slot.send_error = 0;
  Counters::Add(&instance.counters().adverts_sent);
  if (priority == 0) Counters::Add(&instance.counters().priority_zero_sent);
}

void Loop::ChangeAddresses(Instance& instance, AddressSet::Change change, int64_t now_us) {
  if (change == AddressSet::Change::kRemove) SlotOf(instance).awaited_announce.reset();
  addresses_.Start(instance.id(), change, instance.transport()->addresses, now_us);
}

void Loop::StartAnnounce(Instance& instance, const AnnounceRule& rule, int64_t now_us) {
  Slot& slot = SlotOf(instance);
  slot.announcer.CancelBursts();
  slot.awaited_announce.reset();
  if (addresses_.IsBusyWith(instance.id())) {
    slot.awaited_announce = rule;
  } else {
    slot.announcer.Start(instance.transport()->addresses, rule, now_us);
  }
}

void Loop::CancelAnnounce(Instance& instance) {
  Slot& slot = SlotOf(instance);
  slot.awaited_announce.reset();
  slot.announcer.Cancel();
}

void Loop::AnnounceSource(Instance& instance) {
  const Transport& transport = *instance.transport();
  if (!SlotOf(instance).CanAnnounceOn(transport.ifindex)) return;
  const OutgoingFrame frame{.frame = &transport.source_frame, .ifindex = transport.ifindex};
  const FrameSink::Result result = frames_.SendFrames({&frame, 1});
  Counters::Add(&instance.counters().announcements_sent, result.sent);
  if (result.error) {
    Fail(instance.id(), FailedAction::kAnnounce, *result.error, transport.source());
  }
}

void Loop::DrainSocket(Instance& instance) {
  AdvertSocket* const socket = SlotOf(instance).socket;
  if (socket != nullptr) socket->DrainAll();
}

void Loop::RecordDeadline(int64_t at_us) { lateness_.Record(MonotonicUs() - at_us); }

void Loop::RecordAdvertDeadline(int64_t at_us) {
  RecordDeadline(at_us);
  advert_lateness_.Record(MonotonicUs() - at_us);
}

bool Loop::DoOthersWish(const Instance& instance) {
  return std::ranges::all_of(groups_.MembersWith(instance.id()), [this, &instance](int32_t id) {
    if (id == instance.id()) return true;
    const auto slot = slots_.find(id);
    return slot != slots_.end() && slot->second->instance.wishes_active();
  });
}

void Loop::PullOthers(const Instance& instance, Trigger trigger, int64_t now_us) {
  for (const int32_t id : groups_.MembersWith(instance.id())) {
    const auto slot = slots_.find(id);
    if (id != instance.id() && slot != slots_.end()) {
      slot->second->instance.OnTrigger(trigger, now_us);
    }
  }
}

}  // namespace holdfast::vrrp
