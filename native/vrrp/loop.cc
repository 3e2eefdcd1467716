#include "vrrp/loop.h"

#include <linux/netlink.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "loop/clock.h"
#include "vrrp/loop_slot.h"

namespace holdfast::vrrp {

namespace {

constexpr size_t kTimersPerInstance = 3;
constexpr size_t kOwnTimers = 2;
/** The kernel answers while it takes the message, so this is never waited for. */
constexpr int kNetlinkTimeoutMs = 200;

bool IsPeer(const AdvertFilter& filter, const IpAddress& source) {
  return std::ranges::find(filter.peers, source, &UnicastPeer::address) != filter.peers.end();
}

}  // namespace

Loop::Loop(const LoopOptions& options, OnEvent on_event)
    : options_(options),
      lease_(options.lease_us, MonotonicUs()),
      events_(&timers_.protocols(), std::move(on_event)) {}

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
  thread_.PostCall(
      [this, members = std::move(members)]() mutable { groups_.Set(std::move(members)); });
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
    followers_.Set(session, std::move(instances));
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
  if (const int error = timers_.Start(loop); error != 0) {
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
  timers_.protocols().Disarm(&lease_timer_);
  events_.Stop();
  monitor_.Close();
  netlink_.Close();
  timers_.Close();
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
  groups_.Leave(id);
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
  timers_.protocols().Reserve(kTimersPerInstance * instances + kOwnTimers + bfd_.timers());
  // An announcer each, with two timers, and the worker.
  timers_.bulk().Reserve(2 * instances + 1);
  addresses_.Reserve(2 * instances);
}

void Loop::TriggerAll(Trigger trigger) {
  const int64_t now_us = MonotonicUs();
  for (const auto& [id, slot] : slots_) slot->instance.OnTrigger(trigger, now_us);
}

void Loop::WatchLease() {
  if (lease_.is_on()) timers_.protocols().Arm(&lease_timer_, lease_.deadline_us());
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
  if (socket.key().local.is_multicast() || !vrid) return false;
  const auto knows_sender = [&vrid, &datagram](const AdvertSocket& candidate) {
    return std::ranges::any_of(candidate.InstancesOf(*vrid), [&datagram](Instance* instance) {
      return IsPeer(instance->transport()->filter, datagram.source);
    });
  };
  if (knows_sender(socket)) return false;
  return std::ranges::any_of(sockets_, [&socket, &knows_sender](const auto& other) {
    const bool is_one_unbound = socket.key().ifindex == 0 || other->key().ifindex == 0;
    return is_one_unbound && other->key().local == socket.key().local &&
           other->key().protocol == socket.key().protocol && knows_sender(*other);
  });
}

/** The lease has ended, unless it was renewed meanwhile. */
void Loop::OnTimer(TimerNode&, int64_t now_us) {
  if (lease_.Lapse(now_us)) {
    TriggerAll(Trigger::kLeaseLapsed);
  } else {
    WatchLease();
  }
}

void Loop::OnPacket(AdvertSocket& socket, const Datagram& datagram) {
  if (IsForAnother(socket, datagram)) return;
  const int64_t now_us = MonotonicUs();
  if (Instance* const instance = FindInstance(socket, datagram)) {
    instance->OnDatagram(datagram, now_us);
    return;
  }
  unknown_vrids_.fetch_add(1, std::memory_order_relaxed);
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
  events_.EmitNow(LinkEvent{.link = link, .is_deleted = is_deleted});
}

void Loop::OnAddress(const netlink::AddressRecord& address, bool is_deleted) {
  events_.EmitNow(AddressEvent{.address = address, .is_deleted = is_deleted});
}

void Loop::OnObjectRemoved(const netlink::ObjectRecord& object) {
  events_.EmitNow(ObjectRemovedEvent{.object = object});
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
  return followers_.FollowsOne(id, [this](int32_t session) { return !bfd_.IsUp(session); });
}

void Loop::OnSessionLost(int32_t session, int64_t now_us) {
  for (const int32_t id : followers_.Of(session)) {
    const auto slot = slots_.find(id);
    if (slot != slots_.end()) slot->second->instance.OnTrigger(Trigger::kSessionLost, now_us);
  }
}

void Loop::OnMonitorOverrun() {
  bfd_.OnLinksUnknown();
  events_.EmitNow(OverrunEvent{});
}

}  // namespace holdfast::vrrp
