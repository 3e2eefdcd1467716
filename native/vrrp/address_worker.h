#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "netlink/socket.h"
#include "vrrp/address_set.h"
#include "vrrp/event.h"
#include "vrrp/timer_heap.h"

namespace holdfast::vrrp {

/**
 * Adds and removes whole address sets over one netlink socket. The kernel carries a batch out
 * while it is sent and answers at once, so a batch costs its own time (about 12 us an address) and
 * no waiting; a turn of the loop does one batch of at most kBatchMax addresses per change.
 */
class AddressWorker final : public TimerOwner {
 public:
  static constexpr size_t kBatchMax = 64;

  class Listener {
   public:
    virtual void OnAddressFailed(int32_t instance, AddressSet::Change change,
                                 const Failure& failure, const IpAddress& address) = 0;
    /** All of them have been tried. */
    virtual void OnAddressesChanged(int32_t instance, AddressSet::Change change) = 0;

   protected:
    ~Listener() = default;
  };

  AddressWorker(TimerHeap* timers, netlink::Socket* socket, Listener* listener)
      : timers_(timers), socket_(socket), listener_(listener) {}
  AddressWorker(const AddressWorker&) = delete;
  AddressWorker& operator=(const AddressWorker&) = delete;
  ~AddressWorker() { timers_->Disarm(&timer_); }

  void Reserve(size_t changes) { jobs_.reserve(changes); }
  /** Does the first batch before it returns. Takes the place of what is left of an older change. */
  void Start(int32_t instance, AddressSet::Change change, std::shared_ptr<AddressSet> addresses,
             int64_t now_us);
  bool IsBusyWith(int32_t instance) const;
  /** Does everything that is left of an instance, or of all. */
  void Finish(int32_t instance);
  void FinishAll();

  void OnTimer(TimerNode& node, int64_t now_us) override;

 private:
  struct Job {
    int32_t instance = 0;
    AddressSet::Change change = AddressSet::Change::kAdd;
    std::shared_ptr<AddressSet> addresses;
    size_t next = 0;
  };

  /** @returns false when that was the last batch */
  bool RunBatch(Job* job);
  void RunFirst();
  void OnVerdict(const Job& job, size_t index, const netlink::Ack& ack);

  TimerHeap* const timers_;
  netlink::Socket* const socket_;
  Listener* const listener_;
  TimerNode timer_{this};
  std::vector<Job> jobs_;
};

}  // namespace holdfast::vrrp
