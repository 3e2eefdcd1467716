#pragma once

#include <net/if.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "vrrp/loop.h"

namespace holdfast::vrrp {

/** An instance and what the loop does for it. */
struct Loop::Slot final : public Announcer::Listener {
  Slot(int32_t id, std::shared_ptr<Counters> counters, Loop* loop)
      : instance(id, std::move(counters), &loop->timers_.protocols(), loop),
        announcer(&loop->timers_.bulk(), &loop->frames_, this, &loop->pacer_),
        owner(loop) {}

  void OnAnnounced(size_t frames) override {
    Counters::Add(&instance.counters().announcements_sent, frames);
  }
  void OnAnnounceFailed(const SyscallError& error, const IpAddress& address, int64_t) override {
    owner->Fail(instance.id(), FailedAction::kAnnounce, error, address);
  }
  void OnLaterBurst(uint32_t rounds, int64_t now_us) override {
    owner->Emit({.at_us = now_us, .instance = instance.id(), .body = AnnouncedEvent{rounds}});
  }
  bool CanAnnounceOn(int32_t ifindex) override {
    const std::optional<uint32_t> flags = owner->monitor_.FlagsOf(ifindex);
    return !flags || (*flags & (IFF_NOARP | IFF_LOOPBACK)) == 0;
  }

  Instance instance;
  Announcer announcer;
  Loop* const owner;
  AdvertSocket* socket = nullptr;
  /** An announcement that waits until all addresses are there. */
  std::optional<AnnounceRule> awaited_announce;
  /** errno of the last advert, so that a lasting failure is told once. */
  int send_error = 0;
};

}  // namespace holdfast::vrrp
