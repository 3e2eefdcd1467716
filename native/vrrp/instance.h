#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "vrrp/authentication.h"
#include "vrrp/counters.h"
#include "vrrp/event.h"
#include "vrrp/model.h"
#include "vrrp/packet.h"
#include "vrrp/program.h"
#include "vrrp/ration.h"
#include "vrrp/timer_heap.h"
#include "vrrp/transport.h"

namespace holdfast::vrrp {

class Instance;

/** What an instance has done for it. Failures are reported by whoever does it. */
class InstanceHost {
 public:
  virtual void SendAdvert(Instance& instance, uint8_t priority, int64_t now_us) = 0;
  virtual void ChangeAddresses(Instance& instance, AddressSet::Change change, int64_t now_us) = 0;
  virtual void StartAnnounce(Instance& instance, const AnnounceRule& rule, int64_t now_us) = 0;
  virtual void CancelAnnounce(Instance& instance) = 0;
  virtual void AnnounceSource(Instance&) {}
  /** Delivers what already waits in the instance's socket. */
  virtual void DrainSocket(Instance& instance) = 0;
  /** A protocol timer fired. */
  virtual void RecordDeadline(int64_t at_us) = 0;
  /** As above, for an advert. */
  virtual void RecordAdvertDeadline(int64_t at_us) = 0;
  virtual void Emit(const Event& event) = 0;
  /** The rest of the sync group wishes to be active, or is. True without a group. */
  virtual bool DoOthersWish(const Instance&) { return true; }
  /** Read only where adverts are signed. */
  virtual UtcSequence Utc() { return ReadUtcSequence(); }
  virtual void PullOthers(const Instance&, Trigger, int64_t /*now_us*/) {}

 protected:
  ~InstanceHost() = default;
};

/**
 * One virtual router on the loop: matches adverts, keeps its two timers and runs the plans of its
 * program. It decides nothing. Loop thread only, the counters apart.
 */
class Instance final : public TimerOwner {
 public:
  Instance(int32_t id, std::shared_ptr<Counters> counters, TimerHeap* timers, InstanceHost* host);
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;
  ~Instance();

  int32_t id() const { return id_; }
  Phase phase() const { return phase_; }
  int64_t epoch() const { return epoch_; }
  Counters& counters() { return *counters_; }
  /** Null before SetTransport. */
  Transport* transport() { return transport_.get(); }

  /** Phase, timers, program, counters, sequence numbers and a detected old checksum stay. */
  void SetTransport(std::unique_ptr<Transport> transport);
  /** For the next advert. */
  AdvertStamp NextStamp();

  /** Carries the order out as a whole or refuses it. */
  void Submit(Order order, int64_t now_us);
  /** A packet of this VRID. */
  void OnDatagram(const Datagram& datagram, int64_t now_us);
  /** Link lost, lease lapsed: what comes from outside the instance. */
  void OnTrigger(Trigger trigger, int64_t now_us) { Fire(trigger, nullptr, now_us, now_us); }
  /** Its timer has ended since it last heard a reason to wait, or it is active already. */
  bool wishes_active() const { return wishes_active_ || phase_ == Phase::kActive; }

  void BeforeTimer(TimerNode& node, int64_t now_us) override;
  void OnTimer(TimerNode& node, int64_t now_us) override;

  const TimerNode& adver_timer() const { return adver_; }
  const TimerNode& active_down_timer() const { return active_down_; }

 private:
  struct Moment;

  void NoticeStall(int64_t now_us);
  void ListenFirst(TimerNode* node, int64_t now_us);
  void Fire(Trigger trigger, const AdvertFacts* advert, int64_t base_us, int64_t now_us);
  void RunPlan(Trigger trigger, const Reaction& reaction, const Moment& moment);
  void RunActions(std::span<const Action> actions, const Moment& moment);
  void Run(const SendAdvert& action, const Moment& moment);
  void Run(const AddAddresses& action, const Moment& moment);
  void Run(const RemoveAddresses& action, const Moment& moment);
  void Run(const Announce& action, const Moment& moment);
  void Run(const CancelAnnounce& action, const Moment& moment);
  void Run(const AnnounceSource& action, const Moment& moment);
  void Run(const ArmAdver& action, const Moment& moment);
  void Run(const DisarmAdver& action, const Moment& moment);
  void Run(const ArmActiveDown& action, const Moment& moment);
  void Run(const ShiftActiveDown& action, const Moment& moment);
  void Run(const DisarmActiveDown& action, const Moment& moment);
  void EnterPhase(Phase next);
  bool PutsOff(Trigger trigger, const AdvertFacts& advert, int64_t now_us);
  void Tell(Trigger trigger, const AdvertFacts& advert, int64_t now_us);
  void MakeUp(int64_t now_us);
  bool ShouldCompareAddresses(const IpAddress& source) const;
  Trigger Classify(const AdvertFacts& advert) const;
  void Note(const AdvertNote& note, const IpAddress& source, int64_t now_us);
  void Emit(int64_t now_us, auto body);

  const int32_t id_;
  const std::shared_ptr<Counters> counters_;
  TimerHeap* const timers_;
  InstanceHost* const host_;
  std::unique_ptr<Transport> transport_;
  SequenceBook sequences_;

  std::optional<Program> program_;
  Phase phase_ = Phase::kIdle;
  int64_t epoch_ = 0;
  TimerNode adver_{this};
  TimerNode active_down_{this};
  int64_t last_advert_us_ = 0;
  int64_t adver_interval_us_ = 0;
  struct PutOff {
    /** When the timer was to fire at first. */
    int64_t due_us;
    int rounds;
  };
  /** Of a timer that was late by more than an interval, until it has fired. */
  std::optional<PutOff> put_off_;
  /** Interval of the last arm-active-down. */
  std::optional<int64_t> last_interval_us_;
  std::optional<AdvertFacts> told_;
  /** Answers, and what is told of adverts. */
  Ration ration_;
  /** Armed while something waits for the ration. */
  TimerNode made_up_{this};
  /** The last advert that was not answered. */
  std::optional<AdvertFacts> unanswered_;
  /** The last one that was not told of. */
  std::optional<HeardEvent> untold_;
  /** The timer ended while the rest of the group was not ready; arming it anew ends the wish. */
  bool wishes_active_ = false;
  /** Reasons that were said in this phase, one bit each. */
  uint32_t said_reasons_ = 0;
  /** Sender of the last advert that was used. */
  IpAddress last_sender_;
};

}  // namespace holdfast::vrrp
