#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "bfd/model.h"
#include "bfd/packet.h"
#include "vrrp/timer_heap.h"

namespace holdfast::bfd {

class Session;

/** What a session has done for it. */
class SessionHost {
 public:
  virtual void Transmit(Session& session, const std::array<uint8_t, kControlBytes>& packet) = 0;
  /** Delivers what already waits in the sockets. */
  virtual void DrainSockets() = 0;
  virtual void RecordDeadline(int64_t at_us) = 0;
  virtual void Tell(const Session& session, const Report& report, int64_t now_us) = 0;
  /** A session that was up is lost, and whoever follows it shall know. */
  virtual void OnLost(const Session& session, int64_t now_us) = 0;
  /** Any number. */
  virtual uint32_t Random() = 0;

 protected:
  ~SessionHost() = default;
};

/**
 * One BFD session in Asynchronous mode on the loop: keeps its timers and the numbers that the peer
 * said, and does what its program has for each packet. Loop thread only, the status apart.
 * @see RFC 5880 §6.8
 */
class Session final : public vrrp::TimerOwner {
 public:
  /** @param local_discr not 0, and no other session's */
  Session(int32_t id, uint32_t local_discr, const Settings& settings,
          std::shared_ptr<Status> status, vrrp::TimerHeap* timers, SessionHost* host);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session();

  int32_t id() const { return id_; }
  uint32_t local_discr() const { return local_discr_; }
  const Settings& settings() const { return settings_; }
  Status& status() { return *status_; }
  SessionState state() const { return state_; }

  void Start(int64_t now_us);
  /** State and peer stay; the peer learns other intervals by a Poll Sequence. */
  void Replace(const Settings& settings, int64_t now_us);
  /** A valid packet of the peer. */
  void OnPacket(const ControlPacket& packet, int64_t now_us);
  /** Says once that this is no failure. @see RFC 5880 §6.8.16 */
  void SayAdminDown(int64_t now_us);
  /** True the first time since the state changed. */
  bool NoteDrop(DropReason reason);

  void BeforeTimer(vrrp::TimerNode& node, int64_t now_us) override;
  void OnTimer(vrrp::TimerNode& node, int64_t now_us) override;

  const vrrp::TimerNode& transmit_timer() const { return transmit_; }
  const vrrp::TimerNode& detection_timer() const { return detection_; }

 private:
  void LearnFrom(const ControlPacket& packet);
  void React(Trigger trigger, bool is_asked, std::optional<int64_t> overdue_us, int64_t now_us);
  void EnterState(const Reaction& reaction);
  void Send(bool is_final, int64_t now_us);
  int64_t DetectionUs() const;
  int64_t TransmitUs() const;
  bool ShouldTransmit() const;
  void ScheduleTransmit(int64_t now_us);
  void ArmTransmit(int64_t base_us, int64_t now_us);
  void TellTimes(int64_t now_us);

  const int32_t id_;
  const uint32_t local_discr_;
  Settings settings_;
  const std::shared_ptr<Status> status_;
  vrrp::TimerHeap* const timers_;
  SessionHost* const host_;

  SessionState state_ = SessionState::kDown;
  uint8_t local_diag_ = 0;
  bool is_polling_ = false;
  /** In force; what is told to the peer may differ until it has answered the poll. §6.8.3 */
  uint32_t transmit_limit_us_;
  uint32_t receive_limit_us_;

  SessionState remote_state_ = SessionState::kDown;
  uint8_t remote_diag_ = 0;
  uint32_t remote_discr_ = 0;
  uint32_t remote_min_rx_us_ = 1;
  uint32_t remote_min_tx_us_ = 0;
  uint8_t remote_detect_mult_ = 0;
  bool is_remote_demanding_ = false;

  vrrp::TimerNode transmit_{this};
  vrrp::TimerNode detection_{this};
  int64_t sent_at_us_ = 0;
  /** Interval that the transmit timer was armed for. */
  int64_t armed_for_us_ = 0;
  int64_t told_detection_us_ = 0;
  int64_t told_at_us_ = 0;
  /** Reasons that were said in this state, one bit each. */
  uint32_t said_reasons_ = 0;
};

}  // namespace holdfast::bfd
