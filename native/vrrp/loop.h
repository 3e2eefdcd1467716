#pragma once

#include <uv.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "bfd/engine.h"
#include "loop/lateness.h"
#include "loop/loop_thread.h"
#include "loop/time_histogram.h"
#include "netlink/socket.h"
#include "vrrp/address_worker.h"
#include "vrrp/announcer.h"
#include "vrrp/counters.h"
#include "vrrp/event.h"
#include "vrrp/event_outlet.h"
#include "vrrp/frame_socket.h"
#include "vrrp/instance.h"
#include "vrrp/lease.h"
#include "vrrp/loop_timers.h"
#include "vrrp/monitor.h"
#include "vrrp/pacer.h"
#include "vrrp/relations.h"
#include "vrrp/sockets.h"
#include "vrrp/timer_heap.h"

namespace holdfast::vrrp {

/** contract.ts `VrrpLoopOptions` */
struct LoopOptions {
  int64_t lease_us = 0;
};

/** contract.ts `NetlinkBuffers`; nothing: the usual ones */
struct LoopBuffers {
  std::optional<netlink::ReceiveBuffer> monitor;
  std::optional<netlink::ReceiveBuffer> command;
};

/**
 * The vrrp loop: one thread with all instances, their sockets and timers. The public part is for
 * the owning thread; nothing there waits for the loop, Close() apart.
 */
class Loop final : private InstanceHost,
                   private TimerOwner,
                   private AdvertSocket::Listener,
                   private AddressWorker::Listener,
                   private Monitor::Listener,
                   private bfd::Engine::Listener {
 public:
  /** Called on the loop's thread. @returns false when the event was dropped */
  using OnEvent = EventOutlet::OnEvent;

  Loop(const LoopOptions& options, OnEvent on_event);
  ~Loop();

  /** @returns 0, or a negative errno */
  int Start();
  void OpenInstance(int32_t id, std::unique_ptr<Transport> transport,
                    std::shared_ptr<Counters> counters);
  void CloseInstance(int32_t id);
  void Submit(int32_t id, Order order);
  /** contract.ts `VrrpLoop.setGroup` */
  void SetGroup(std::vector<int32_t> members);
  /** contract.ts `VrrpLoop.setPacing` */
  void SetPacing(std::vector<Pacing> groups);
  /** contract.ts `BfdLoop.openSession` */
  void OpenSession(int32_t id, const bfd::Settings& settings, std::shared_ptr<bfd::Status> status);
  void CloseSession(int32_t id);
  /** contract.ts `VrrpLoop.setFollowers` */
  void SetFollowers(int32_t session, std::vector<int32_t> instances);
  /** contract.ts `NetlinkBufferControl.setReceiveBuffers` */
  void SetReceiveBuffers(const LoopBuffers& buffers);
  void RenewLease();
  /** Carries out what was submitted before. Idempotent. */
  void Close();

  const LoopThread& thread() const { return thread_; }
  LatenessSummary lateness() const { return lateness_.Summary(); }
  /** How late the timers of adverts were. */
  const TimeHistogram& advert_lateness() const { return advert_lateness_; }
  /** Adverts that no instance was meant by; readable from any thread. */
  uint64_t unknown_vrids() const { return unknown_vrids_.load(std::memory_order_relaxed); }
  uint64_t TakeLateness() { return lateness_.TakeRecent(); }

 private:
  struct Slot;

  void OnStart(uv_loop_t* loop);
  void OnStop();
  void OpenNow(int32_t id, std::unique_ptr<Transport> transport,
               std::shared_ptr<Counters> counters);
  void CloseNow(int32_t id);
  Slot& SlotOf(const Instance& instance);
  void AttachSocket(Slot* slot);
  /** @returns the socket it was attached to, or null */
  AdvertSocket* DetachSocket(Slot* slot);
  void CloseIfUnused(AdvertSocket* socket);
  void ReserveTimers();
  void TriggerAll(Trigger trigger);
  bool FollowsLostSession(int32_t id) const;
  void WatchLease();
  /**
   * The kernel gives a packet both to the socket that is bound to its interface or VRF and to the
   * one with the same address that is bound to none.
   */
  bool IsForAnother(const AdvertSocket& socket, const Datagram& datagram) const;
  Instance* FindInstance(const AdvertSocket& socket, const Datagram& datagram) const;
  void Fail(int32_t instance, FailedAction action, const SyscallError& error,
            const IpAddress& address = {}) {
    events_.Fail(instance, action, error, address);
  }

  // InstanceHost: loop_effects.cc
  void SendAdvert(Instance& instance, uint8_t priority, int64_t now_us) override;
  void ChangeAddresses(Instance& instance, AddressSet::Change change, int64_t now_us) override;
  void StartAnnounce(Instance& instance, const AnnounceRule& rule, int64_t now_us) override;
  void CancelAnnounce(Instance& instance) override;
  void AnnounceSource(Instance& instance) override;
  void DrainSocket(Instance& instance) override;
  void RecordDeadline(int64_t at_us) override;
  void RecordAdvertDeadline(int64_t at_us) override;
  void Emit(const Event& event) override { events_.Emit(event); }
  bool DoOthersWish(const Instance& instance) override;
  void PullOthers(const Instance& instance, Trigger trigger, int64_t now_us) override;
  // TimerOwner
  void OnTimer(TimerNode& node, int64_t now_us) override;
  // AdvertSocket::Listener
  void OnPacket(AdvertSocket& socket, const Datagram& datagram) override;
  void OnReceiveError(AdvertSocket& socket, const SyscallError& error) override;
  // AddressWorker::Listener
  void OnAddressFailed(int32_t instance, AddressSet::Change change, const Failure& failure,
                       const IpAddress& address) override;
  void OnAddressesChanged(int32_t instance, AddressSet::Change change) override;
  // Monitor::Listener
  void OnLink(const netlink::LinkRecord& link, bool is_deleted) override;
  void OnAddress(const netlink::AddressRecord& address, bool is_deleted) override;
  void OnObjectRemoved(const netlink::ObjectRecord& object) override;
  void OnLinkLost(int32_t ifindex) override;
  void OnMonitorOverrun() override;
  // bfd::Engine::Listener
  void OnReport(int32_t session, const bfd::Report& report, int64_t now_us) override;
  void OnSessionLost(int32_t session, int64_t now_us) override;
  void OnDeadline(int64_t at_us) override { RecordDeadline(at_us); }

  const LoopOptions options_;
  Lease lease_;
  LatenessHistogram lateness_;
  TimeHistogram advert_lateness_;
  std::atomic<uint64_t> unknown_vrids_{0};

  // All below: loop thread only.
  uv_loop_t* uv_loop_ = nullptr;
  LoopTimers timers_;
  EventOutlet events_;
  TimerNode lease_timer_{this};
  netlink::Socket netlink_;
  FrameSocket frames_;
  Pacer pacer_;
  Monitor monitor_{&netlink_, this};
  AddressWorker addresses_{&timers_.bulk(), &netlink_, this};
  bfd::Engine bfd_{&timers_.protocols(), this};
  SessionFollowers followers_;
  std::vector<std::unique_ptr<AdvertSocket>> sockets_;
  /** In the order of the configuration: what befalls several is told in it. */
  std::map<int32_t, std::unique_ptr<Slot>> slots_;
  SyncGroups groups_;
  LoopThread thread_;
};

}  // namespace holdfast::vrrp
