#include "vrrp/address_worker.h"

#include <errno.h>

#include <algorithm>
#include <utility>

namespace holdfast::vrrp {

namespace {

/** It is there already, or it is gone already: an address, a route, a rule, or the interface of
 * one. */
bool IsTolerated(AddressSet::Change change, int error_number) {
  if (change == AddressSet::Change::kAdd) return error_number == EEXIST;
  return error_number == EADDRNOTAVAIL || error_number == ESRCH || error_number == ENOENT ||
         error_number == ENODEV;
}

}  // namespace

void AddressWorker::Start(int32_t instance, AddressSet::Change change,
                          std::shared_ptr<AddressSet> addresses, int64_t now_us) {
  // Of the same set the older change is overtaken: what it did not reach is as the new one wants it
  // or tolerated. Another set (the configuration changed) is brought to its end first.
  std::erase_if(jobs_, [&](const Job& job) {
    return job.instance == instance && job.addresses == addresses;
  });
  const bool must_wait = IsBusyWith(instance);
  Job job{.instance = instance, .change = change, .addresses = std::move(addresses)};
  if (must_wait || RunBatch(&job)) {
    jobs_.push_back(std::move(job));
    timers_->Arm(&timer_, now_us + kNextTurnUs);
  } else {
    listener_->OnAddressesChanged(instance, change);
  }
}

bool AddressWorker::IsBusyWith(int32_t instance) const {
  return std::ranges::find(jobs_, instance, &Job::instance) != jobs_.end();
}

void AddressWorker::Finish(int32_t instance) {
  while (IsBusyWith(instance)) RunFirst();
}

void AddressWorker::FinishAll() {
  while (!jobs_.empty()) RunFirst();
}

void AddressWorker::OnTimer(TimerNode&, int64_t now_us) {
  if (!jobs_.empty()) RunFirst();
  if (!jobs_.empty()) timers_->Arm(&timer_, now_us + kNextTurnUs);
}

/** One batch of the oldest change, which then goes to the end: instances take turns. */
void AddressWorker::RunFirst() {
  Job job = std::move(jobs_.front());
  jobs_.erase(jobs_.begin());
  if (RunBatch(&job)) {
    const auto other = std::ranges::find(jobs_, job.instance, &Job::instance);
    jobs_.insert(other, std::move(job));
  } else {
    listener_->OnAddressesChanged(job.instance, job.change);
  }
}

bool AddressWorker::RunBatch(Job* job) {
  const size_t first = job->next;
  const size_t count = std::min(kBatchMax, job->addresses->MessageCount(job->change) - first);
  job->next += count;
  if (count > 0) {
    struct Context {
      AddressWorker* worker;
      const Job* job;
      size_t first;
    } const context{this, job, first};
    // One pointer, so that the callback needs no memory of its own.
    socket_->Transact(job->addresses->Messages(job->change, first, count),
                      [&context](size_t index, const netlink::Ack& ack) {
                        context.worker->OnVerdict(*context.job, context.first + index, ack);
                      });
  }
  return job->next < job->addresses->MessageCount(job->change);
}

void AddressWorker::OnVerdict(const Job& job, size_t index, const netlink::Ack& ack) {
  if (ack.error_number == 0 || IsTolerated(job.change, ack.error_number)) return;
  const AddressSet::Subject subject = job.addresses->SubjectOf(job.change, index);
  const Failure failure =
      MakeFailure(netlink::MessageName(subject.type), ack.error_number, ack.message);
  listener_->OnAddressFailed(job.instance, job.change, failure, subject.address);
}

}  // namespace holdfast::vrrp
