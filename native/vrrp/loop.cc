#include "vrrp/loop.h"

#include <errno.h>
#include <linux/netlink.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "loop/clock.h"

namespace holdfast::vrrp {

namespace {

/** Timers per turn; the sockets are looked at in between. */
constexpr size_t kTimersPerTurn = 256;
constexpr size_t kTimersPerInstance = 2;
constexpr size_t kOwnTimers = 2;
constexpr int64_t kOverrunRetryUs = 100'000;
/** The kernel answers while it takes the message, so this is never waited for. */
constexpr int kNetlinkTimeoutMs = 200;

bool IsPeer(const AdvertFilter& filter, const IpAddress& source) {
  return std::ranges::find(filter.peers, source, &UnicastPeer::address) != filter.peers.end();
}

}  // namespace

/** An instance and what the loop does for it. */
struct Loop::Slot final : public Announcer::Listener {
  Slot(int32_t id, std::shared_ptr<Counters> counters, Loop* loop)
      : instance(id, std::move(counters), &loop->timers_, loop),
        announcer(&loop->bulk_, &loop->frames_, this, &loop->pacer_),
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

Loop::Loop(const LoopOptions& options, OnEvent on_event)
    : options_(options), on_event_(std::move(on_event)), lease_(options.lease_us, MonotonicUs()) {}

Loop::~Loop() { Close(); }

int Loop::Start() {
  return thread_.Start([this](uv_loop_t* loop) { OnStart(loop); });
}

void Loop::OpenInstance(int32_t id, std::unique_ptr<Transport> transport,
                        std::shared_ptr<Counters> counters) {
  thread_.PostCall(
      [this, id, transport = std::move(transport), counters = std::move(counters)]() mutable {
        OpenNow(id, std::move(transport), std::move(counters));
      });
}

void Loop::CloseInstance(int32_t id) {
  thread_.PostCall([this, id] { CloseNow(id); });
}

void Loop::Submit(int32_t id, Order order) {
  thread_.PostCall([this, id, order = std::move(order)]() mutable {
    const auto slot = slots_.find(id);
    if (slot == slots_.end()) return;
    const int64_t now_us = MonotonicUs();
    slot->second->instance.Submit(std::move(order), now_us);
    // The loss of a session may have crossed the order on its way here.
    if (FollowsLostSession(id)) slot->second->instance.OnTrigger(Trigger::kSessionLost, now_us);
  });
}

void Loop::SetReceiveBuffers(const LoopBuffers& buffers) {
  thread_.PostCall([this, buffers] {
    if (!netlink_.is_open()) return;
    monitor_.SetReceiveBuffer(buffers.monitor);
    netlink_.SetReceiveBuffer(buffers.command.value_or(netlink::ReceiveBuffer{}));
  });
}

void Loop::SetGroup(std::vector<int32_t> members) {
  thread_.PostCall([this, shared = std::make_shared<std::vector<int32_t>>(std::move(members))] {
    GroupNow(shared);
  });
}

void Loop::SetPacing(std::vector<Pacing> groups) {
  thread_.PostCall([this, groups = std::move(groups)] { pacer_.Set(groups); });
}

void Loop::OpenSession(int32_t id, const bfd::Settings& settings,
                       std::shared_ptr<bfd::Status> status) {
  thread_.PostCall([this, id, settings, status = std::move(status)]() mutable {
    bfd_.Open(uv_loop_, id, settings, std::move(status));
    ReserveTimers();
  });
}

void Loop::CloseSession(int32_t id) {
  thread_.PostCall([this, id] { bfd_.Close(id); });
}

void Loop::SetFollowers(int32_t session, std::vector<int32_t> instances) {
  thread_.PostCall([this, session, instances = std::move(instances)]() mutable {
    followers_[session] = std::move(instances);
  });
}

void Loop::RenewLease() {
  if (lease_.Renew(MonotonicUs())) thread_.PostCall([this] { WatchLease(); });
}

void Loop::Close() {
  thread_.Stop([this] { OnStop(); });
}

void Loop::OnStart(uv_loop_t* loop) {
  uv_loop_ = loop;
  uv_prepare_init(loop, &before_wait_);
  before_wait_.data = this;
  uv_prepare_start(&before_wait_,
                   [](uv_prepare_t* prepare) { static_cast<Loop*>(prepare->data)->ArmTimerFd(); });
  if (const int error = deadline_.Start(loop, [this] { OnDeadline(); }); error != 0) {
    Fail(0, FailedAction::kOpen, {.syscall = "timerfd_create", .error_number = -error});
  }
  const int error = netlink_.Open(NETLINK_ROUTE, {.timeout_ms = kNetlinkTimeoutMs});
  if (error != 0) Fail(0, FailedAction::kOpen, {.syscall = "socket", .error_number = -error});
  if (const auto failed = frames_.Open()) Fail(0, FailedAction::kOpen, *failed);
  if (const auto failed = monitor_.Open(loop)) Fail(0, FailedAction::kOpen, *failed);
  ReserveTimers();
  WatchLease();
}

void Loop::OnStop() {
  addresses_.FinishAll();
  bfd_.CloseAll();
  slots_.clear();
  sockets_.clear();
  timers_.Disarm(&lease_timer_);
  timers_.Disarm(&overrun_timer_);
  monitor_.Close();
  netlink_.Close();
  deadline_.Close();
  uv_close(reinterpret_cast<uv_handle_t*>(&before_wait_), nullptr);
}

void Loop::OpenNow(int32_t id, std::unique_ptr<Transport> transport,
                   std::shared_ptr<Counters> counters) {
  auto& slot = slots_[id];
  AdvertSocket* before = nullptr;
  if (slot == nullptr) {
    slot = std::make_unique<Slot>(id, std::move(counters), this);
  } else {
    // What follows may undo parts of it.
    addresses_.Finish(id);
    before = DetachSocket(slot.get());
    slot->send_error = 0;
    slot->announcer.ReplaceAddresses(transport->addresses, MonotonicUs());
  }
  slot->instance.SetTransport(std::move(transport));
  AttachSocket(slot.get());
  // Only now: a socket that serves again has lost nothing.
  CloseIfUnused(before);
  ReserveTimers();
}

void Loop::CloseNow(int32_t id) {
  const auto slot = slots_.find(id);
  if (slot == slots_.end()) return;
  CloseIfUnused(DetachSocket(slot->second.get()));
  slots_.erase(slot);
  LeaveGroup(id);
}

void Loop::GroupNow(const std::shared_ptr<std::vector<int32_t>>& members) {
  for (const int32_t id : *members) LeaveGroup(id);
  if (members->size() < 2) return;
  for (const int32_t id : *members) groups_[id] = members;
}

void Loop::LeaveGroup(int32_t id) {
  const auto group = groups_.find(id);
  if (group == groups_.end()) return;
  std::erase(*group->second, id);
  groups_.erase(group);
}

bool Loop::DoOthersWish(const Instance& instance) {
  const auto group = groups_.find(instance.id());
  if (group == groups_.end()) return true;
  return std::ranges::all_of(*group->second, [this, &instance](int32_t id) {
    if (id == instance.id()) return true;
    const auto slot = slots_.find(id);
    return slot != slots_.end() && slot->second->instance.wishes_active();
  });
}

void Loop::PullOthers(const Instance& instance, Trigger trigger, int64_t now_us) {
  const auto group = groups_.find(instance.id());
  if (group == groups_.end()) return;
  for (const int32_t id : *group->second) {
    const auto slot = slots_.find(id);
    if (id != instance.id() && slot != slots_.end()) {
      slot->second->instance.OnTrigger(trigger, now_us);
    }
  }
}

void Loop::AttachSocket(Slot* slot) {
  const Transport& transport = *slot->instance.transport();
  const SocketKey key{.ifindex = transport.ifindex,
                      .local = transport.filter.is_unicast ? transport.source() : transport.group,
                      .protocol = transport.filter.format.ah ? kIpProtocolAh : kIpProtocolVrrp};
  auto found = std::ranges::find_if(sockets_, [&key](const auto& s) { return s->key() == key; });
  if (found == sockets_.end()) {
    auto socket = std::make_unique<AdvertSocket>(key, static_cast<AdvertSocket::Listener*>(this));
    if (const auto error = socket->Open(uv_loop_)) {
      Fail(slot->instance.id(), FailedAction::kOpen, *error, key.local);
      return;
    }
    sockets_.push_back(std::move(socket));
    found = sockets_.end() - 1;
  }
  slot->socket = found->get();
  slot->socket->Attach(transport.filter.format.vrid, &slot->instance);
  slot->socket->GrowReceiveBuffer(transport.receive_buffer_bytes);
}

AdvertSocket* Loop::DetachSocket(Slot* slot) {
  AdvertSocket* const socket = std::exchange(slot->socket, nullptr);
  if (socket == nullptr) return nullptr;
  socket->Detach(&slot->instance);
  socket->GrowReceiveBuffer(-slot->instance.transport()->receive_buffer_bytes);
  return socket;
}

void Loop::CloseIfUnused(AdvertSocket* socket) {
  if (socket == nullptr || socket->has_instances()) return;
  std::erase_if(sockets_, [socket](const auto& owned) { return owned.get() == socket; });
}

void Loop::ReserveTimers() {
  const size_t instances = slots_.size();
  timers_.Reserve(kTimersPerInstance * instances + kOwnTimers + bfd_.timers());
  // An announcer each, with two timers, and the worker.
  bulk_.Reserve(2 * instances + 1);
  addresses_.Reserve(2 * instances);
}

/** 0: there is no timer. */
int64_t Loop::EarliestUs() const {
  int64_t at_us = 0;
  for (const TimerHeap* const heap : {&timers_, &bulk_}) {
    const TimerNode* const earliest = heap->earliest();
    if (earliest == nullptr) continue;
    const int64_t own_us = std::max<int64_t>(earliest->at_us(), 1);
    at_us = at_us == 0 ? own_us : std::min(at_us, own_us);
  }
  return at_us;
}

/** Once per turn, so that moving a timer costs no system call. */
void Loop::ArmTimerFd() {
  const int64_t wanted_us = EarliestUs();
  if (wanted_us == deadline_us_) return;
  deadline_us_ = wanted_us;
  if (wanted_us == 0) {
    deadline_.Clear();
  } else {
    deadline_.SetAt(wanted_us);
  }
}

void Loop::OnDeadline() {
  deadline_us_ = 0;
  timers_.RunDue(MonotonicUs(), kTimersPerTurn);
  bulk_.RunDue(MonotonicUs(), 1);
  ArmTimerFd();
}

void Loop::TriggerAll(Trigger trigger) {
  const int64_t now_us = MonotonicUs();
  for (const auto& [id, slot] : slots_) slot->instance.OnTrigger(trigger, now_us);
}

void Loop::WatchLease() {
  if (lease_.is_on()) timers_.Arm(&lease_timer_, lease_.deadline_us());
}

Instance* Loop::FindInstance(const AdvertSocket& socket, const Datagram& datagram) const {
  const std::optional<uint8_t> vrid = datagram.vrid();
  if (!vrid) return nullptr;
  const auto instances = socket.InstancesOf(*vrid);
  if (instances.empty()) return nullptr;
  if (instances.size() == 1 || socket.key().local.is_multicast()) return instances.front();
  // Unicast instances may share VRID and address if their peers differ. keepalived: nobody takes
  // what comes from others.
  const auto found = std::ranges::find_if(instances, [&datagram](Instance* instance) {
    return IsPeer(instance->transport()->filter, datagram.source);
  });
  return found == instances.end() ? nullptr : *found;
}

bool Loop::IsForAnother(const AdvertSocket& socket, const Datagram& datagram) const {
  const std::optional<uint8_t> vrid = datagram.vrid();
  if (socket.key().ifindex != 0 || !vrid) return false;
  const auto knows_sender = [&vrid, &datagram](const AdvertSocket& candidate) {
    return std::ranges::any_of(candidate.InstancesOf(*vrid), [&datagram](Instance* instance) {
      return IsPeer(instance->transport()->filter, datagram.source);
    });
  };
  if (knows_sender(socket)) return false;
  return std::ranges::any_of(sockets_, [&socket, &knows_sender](const auto& other) {
    return other->key().local == socket.key().local &&
           other->key().protocol == socket.key().protocol && knows_sender(*other);
  });
}

void Loop::Fail(int32_t instance, FailedAction action, const SyscallError& error,
                const IpAddress& address) {
  Emit({.at_us = MonotonicUs(),
        .instance = instance,
        .body = FailedEvent{.action = action,
                            .failure = MakeFailure(error.syscall, error.error_number),
                            .address = address}});
}

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
  if (socket != nullptr) socket->Drain();
}

void Loop::RecordDeadline(int64_t at_us) { lateness_.Record(MonotonicUs() - at_us); }

void Loop::RecordAdvertDeadline(int64_t at_us) {
  RecordDeadline(at_us);
  advert_lateness_.Record(MonotonicUs() - at_us);
}

void Loop::Emit(const Event& event) {
  if (is_overrun_ && on_event_({.at_us = event.at_us, .instance = 0, .body = OverrunEvent{}})) {
    is_overrun_ = false;
    timers_.Disarm(&overrun_timer_);
  }
  if (on_event_(event)) return;
  is_overrun_ = true;
  timers_.Arm(&overrun_timer_, MonotonicUs() + kOverrunRetryUs);
}

void Loop::OnTimer(TimerNode& node, int64_t now_us) {
  if (&node == &lease_timer_) {
    if (lease_.Lapse(now_us)) {
      TriggerAll(Trigger::kLeaseLapsed);
    } else {
      WatchLease();
    }
  } else if (std::exchange(is_overrun_, false)) {
    Emit({.at_us = now_us, .instance = 0, .body = OverrunEvent{}});
  }
}

void Loop::OnPacket(AdvertSocket& socket, const Datagram& datagram) {
  if (IsForAnother(socket, datagram)) return;
  const int64_t now_us = MonotonicUs();
  if (Instance* const instance = FindInstance(socket, datagram)) {
    instance->OnDatagram(datagram, now_us);
    return;
  }
  const uint8_t vrid = datagram.vrid().value_or(0);
  if (!socket.NoteUnknownVrid(vrid)) return;
  const bool is_short = !datagram.vrid();
  const auto bytes = static_cast<int64_t>(datagram.received_bytes);
  const auto shortest = static_cast<int64_t>(datagram.header_bytes + kVrrpHeaderBytes);
  Emit({.at_us = now_us,
        .instance = 0,
        .body = DroppedEvent{.reason = is_short ? DropReason::kTooShort : DropReason::kVrid,
                             .source = datagram.source,
                             .ifindex = socket.key().ifindex,
                             .received = is_short ? bytes : vrid,
                             .expected = is_short ? shortest : 0}});
}

void Loop::OnReceiveError(AdvertSocket& socket, const SyscallError& error) {
  for (const auto& [id, slot] : slots_) {
    if (slot->socket == &socket) Fail(id, FailedAction::kReceive, error);
  }
}

void Loop::OnAddressFailed(int32_t instance, AddressSet::Change change, const Failure& failure,
                           const IpAddress& address) {
  const bool is_add = change == AddressSet::Change::kAdd;
  Emit({.at_us = MonotonicUs(),
        .instance = instance,
        .body = FailedEvent{
            .action = is_add ? FailedAction::kAddAddresses : FailedAction::kRemoveAddresses,
            .failure = failure,
            .address = address}});
}

void Loop::OnAddressesChanged(int32_t instance, AddressSet::Change) {
  const auto slot = slots_.find(instance);
  if (slot == slots_.end() || addresses_.IsBusyWith(instance)) return;
  if (const auto rule = std::exchange(slot->second->awaited_announce, std::nullopt)) {
    slot->second->announcer.Start(slot->second->instance.transport()->addresses, *rule,
                                  MonotonicUs());
  }
}

void Loop::OnLink(const netlink::LinkRecord& link, bool is_deleted) {
  bfd_.OnLink(link.name.data());
  Emit({.at_us = MonotonicUs(),
        .instance = 0,
        .body = LinkEvent{.link = link, .is_deleted = is_deleted}});
}

void Loop::OnAddress(const netlink::AddressRecord& address, bool is_deleted) {
  Emit({.at_us = MonotonicUs(),
        .instance = 0,
        .body = AddressEvent{.address = address, .is_deleted = is_deleted}});
}

void Loop::OnObjectRemoved(const netlink::ObjectRecord& object) {
  Emit({.at_us = MonotonicUs(), .instance = 0, .body = ObjectRemovedEvent{.object = object}});
}

void Loop::OnLinkLost(int32_t ifindex) {
  const int64_t now_us = MonotonicUs();
  for (const auto& [id, slot] : slots_) {
    if (slot->instance.transport()->ifindex != ifindex) continue;
    slot->instance.OnTrigger(Trigger::kLinkLost, now_us);
  }
}

void Loop::OnReport(int32_t session, const bfd::Report& report, int64_t now_us) {
  Emit(
      {.at_us = now_us, .instance = 0, .body = SessionEvent{.session = session, .report = report}});
}

bool Loop::FollowsLostSession(int32_t id) const {
  return std::ranges::any_of(followers_, [this, id](const auto& entry) {
    const auto& [session, instances] = entry;
    return std::ranges::find(instances, id) != instances.end() && !bfd_.IsUp(session);
  });
}

void Loop::OnSessionLost(int32_t session, int64_t now_us) {
  const auto followers = followers_.find(session);
  if (followers == followers_.end()) return;
  for (const int32_t id : followers->second) {
    const auto slot = slots_.find(id);
    if (slot != slots_.end()) slot->second->instance.OnTrigger(Trigger::kSessionLost, now_us);
  }
}

void Loop::OnMonitorOverrun() {
  bfd_.OnLinksUnknown();
  Emit({.at_us = MonotonicUs(), .instance = 0, .body = OverrunEvent{}});
}

}  // namespace holdfast::vrrp
