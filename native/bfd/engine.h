#pragma once

#include <uv.h>

#include <array>
#include <cstdint>
#include <memory>
#include <random>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "bfd/model.h"
#include "bfd/session.h"
#include "bfd/sockets.h"
#include "vrrp/timer_heap.h"

namespace holdfast::bfd {

/** All BFD sessions of the vrrp loop and their sockets. Loop thread only. */
class Engine final : private SessionHost,
                     private ReceiveSocket::Listener,
                     private vrrp::TimerOwner {
 public:
  class Listener {
   public:
    /** @param session 0 when none is concerned */
    virtual void OnReport(int32_t session, const Report& report, int64_t now_us) = 0;
    virtual void OnSessionLost(int32_t session, int64_t now_us) = 0;
    virtual void OnDeadline(int64_t at_us) = 0;

   protected:
    ~Listener() = default;
  };

  Engine(vrrp::TimerHeap* timers, Listener* listener);
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;
  ~Engine();

  /** Opens a session, or replaces what one is told to do; then its state stays. */
  void Open(uv_loop_t* loop, int32_t id, const Settings& settings, std::shared_ptr<Status> status);
  /** Says AdminDown, once. */
  void Close(int32_t id);
  void CloseAll();
  /** An interface came, changed or went: what is bound to an earlier one of that name moves. */
  void OnLink(std::string_view name);
  /** Links may have changed unseen. */
  void OnLinksUnknown();
  /** As last told; false for a session that is not open. */
  bool IsUp(int32_t id) const;
  /** That may be armed at a time. */
  size_t timers() const { return 2 * slots_.size() + 1; }

 private:
  struct Slot;

  Slot* FindSlot(const ReceiveSocket& socket, const Datagram& datagram,
                 const ControlPacket& packet);
  void OpenSockets(Slot* slot);
  void FollowInterface(Slot* slot);
  bool OpenReceiver(const Settings& settings, int32_t id);
  void CloseUnusedReceivers();
  uint32_t NewDiscriminator();
  void Drop(Slot* slot, const DropReport& report, int64_t now_us);

  // SessionHost
  void Transmit(Session& session, const std::array<uint8_t, kControlBytes>& packet) override;
  void DrainSockets() override;
  void RecordDeadline(int64_t at_us) override { listener_->OnDeadline(at_us); }
  void Tell(const Session& session, const Report& report, int64_t now_us) override;
  void OnLost(const Session& session, int64_t now_us) override;
  uint32_t Random() override { return static_cast<uint32_t>(random_()); }
  // ReceiveSocket::Listener
  void OnDatagram(const ReceiveSocket& socket, const Datagram& datagram) override;
  void OnReceiveError(const ReceiveSocket& socket, const SyscallError& error) override;
  // TimerOwner
  void OnTimer(vrrp::TimerNode& node, int64_t now_us) override;

  vrrp::TimerHeap* const timers_;
  Listener* const listener_;
  uv_loop_t* loop_ = nullptr;
  std::minstd_rand random_{std::random_device{}()};
  std::unordered_map<int32_t, std::unique_ptr<Slot>> slots_;
  std::unordered_map<uint32_t, Slot*> by_discr_;
  std::vector<std::unique_ptr<ReceiveSocket>> receivers_;
  vrrp::TimerNode retry_{this};
  /** Reasons that were said of packets that belong to no session, one bit each. */
  uint32_t said_reasons_ = 0;
};

}  // namespace holdfast::bfd
