#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "vrrp/address_set.h"
#include "vrrp/frame_socket.h"
#include "vrrp/pacer.h"
#include "vrrp/program.h"
#include "vrrp/timer_heap.h"

namespace holdfast::vrrp {

/**
 * Gratuitous ARP and unsolicited NA of one instance: a burst of rounds over all addresses at once,
 * a second one after a delay, then bursts at the refresh interval. A turn of the loop sends at most
 * FrameSink::kFramesMax frames, and at first one round only; the rest comes with the next turns, so
 * that many addresses do not delay adverts, nor repetitions the takeover of another instance.
 * Apart from that the extra addresses are announced once every interval of theirs, one a turn.
 */
class Announcer final : public TimerOwner {
 public:
  class Listener {
   public:
    virtual void OnAnnounced(size_t frames) = 0;
    /** Once per burst. */
    virtual void OnAnnounceFailed(const SyscallError& error, const IpAddress& address,
                                  int64_t now_us) = 0;
    /** False for links without ARP and for loopback. */
    virtual bool CanAnnounceOn(int32_t ifindex) = 0;
    /** A burst after the first begins; no rounds: the extra addresses are announced. */
    virtual void OnLaterBurst(uint32_t /*rounds*/, int64_t /*now_us*/) {}

   protected:
    ~Listener() = default;
  };

  /** @param pacer null: as fast as it goes */
  Announcer(TimerHeap* timers, FrameSink* sink, Listener* listener, Pacer* pacer = nullptr)
      : timers_(timers), sink_(sink), listener_(listener), pacer_(pacer) {}
  Announcer(const Announcer&) = delete;
  Announcer& operator=(const Announcer&) = delete;
  ~Announcer() { Cancel(); }

  /** Replaces what is under way; sends the first round, or its begin, before it returns. */
  void Start(std::shared_ptr<AddressSet> addresses, const AnnounceRule& rule, int64_t now_us);
  /** Goes on with other addresses; without any there is nothing to go on with. */
  void ReplaceAddresses(std::shared_ptr<AddressSet> addresses, int64_t now_us);
  void CancelBursts() { timers_->Disarm(&timer_); }
  void Cancel();
  bool is_active() const { return timer_.is_armed(); }

  void OnTimer(TimerNode& node, int64_t now_us) override;

 private:
  void StartExtra(int64_t now_us);
  void SendExtra(const TimerNode& node, int64_t now_us);
  bool TrySendExtra(size_t index, int64_t now_us);
  void StartBurst(uint32_t rounds);
  void SendChunk(int64_t now_us, size_t frames_max = FrameSink::kFramesMax);
  size_t FillChunk(std::span<OutgoingFrame> chunk, int64_t now_us);
  bool TakeTurn(size_t index, int64_t now_us);
  bool IsPaced(size_t index) const;
  void Advance();
  void Finish(const FrameSink::Result& result, std::span<const OutgoingFrame> chunk,
              int64_t now_us);
  void ScheduleNextBurst(int64_t now_us);
  bool is_burst_done() const { return rounds_left_ == 0; }

  TimerHeap* const timers_;
  FrameSink* const sink_;
  Listener* const listener_;
  Pacer* const pacer_;
  std::shared_ptr<AddressSet> addresses_;
  AnnounceRule rule_;
  TimerNode timer_{this};
  /** Start of the first burst; the later ones count from here. */
  int64_t last_burst_us_ = 0;
  bool has_second_burst_ = false;
  uint32_t rounds_left_ = 0;
  size_t next_address_ = 0;
  /** Rounds of the burst that starts when the timer fires; 0 while a burst is under way. */
  uint32_t next_burst_rounds_ = 0;
  bool has_failed_ = false;
  /** The next paced frame may go at `turn_us_`. */
  bool has_turn_ = false;
  int64_t turn_us_ = 0;

  TimerNode extra_timer_{this};
  /** Between Start and Cancel. */
  bool is_on_ = false;
  /** Position in the extra addresses. */
  size_t next_extra_ = 0;
  /** When the round under way was due. */
  int64_t extra_round_us_ = 0;
  /** The paced frame has its moment. */
  bool has_extra_turn_ = false;
};

}  // namespace holdfast::vrrp
