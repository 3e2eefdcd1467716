#include "bfd/engine.h"

#include <net/if.h>

#include <algorithm>
#include <utility>

#include "loop/clock.h"

namespace holdfast::bfd {

namespace {

/** keepalived: how often sockets that did not open are tried again. */
constexpr int64_t kReopenUs = 60'000'000;
/** More than the kernel keeps for a socket: nothing is left behind before a verdict. */
constexpr int kAllBatches = 256;

}  // namespace

struct Engine::Slot {
  Slot(int32_t id, uint32_t discr, const Settings& settings, std::shared_ptr<Status> status,
       Engine* engine)
      : session(id, discr, settings, std::move(status), engine->timers_, engine) {}

  // Before the session, which may still send while it goes.
  SendSocket sender;
  /** errno of the last packet, so that a lasting failure is told once. */
  int send_error = 0;
  Session session;
};

Engine::Engine(vrrp::TimerHeap* timers, Listener* listener)
    : timers_(timers), listener_(listener) {}

Engine::~Engine() = default;

void Engine::Open(uv_loop_t* loop, int32_t id, const Settings& settings,
                  std::shared_ptr<Status> status) {
  loop_ = loop;
  said_reasons_ = 0;
  const int64_t now_us = MonotonicUs();
  auto& slot = slots_[id];
  if (slot != nullptr) {
    const bool is_same_path = slot->session.settings().neighbor == settings.neighbor &&
                              slot->session.settings().source == settings.source &&
                              slot->session.settings().interface_name == settings.interface_name;
    if (!is_same_path) slot->sender = SendSocket();
    slot->session.Replace(settings, now_us);
    if (slot->sender.is_open()) slot->sender.SetTtl(slot->session.settings());
    OpenSockets(slot.get());
    CloseUnusedReceivers();
    return;
  }
  slot = std::make_unique<Slot>(id, NewDiscriminator(), settings, std::move(status), this);
  by_discr_[slot->session.local_discr()] = slot.get();
  OpenSockets(slot.get());
  slot->session.Start(now_us);
}

void Engine::Close(int32_t id) {
  const auto slot = slots_.find(id);
  if (slot == slots_.end()) return;
  slot->second->session.SayAdminDown(MonotonicUs());
  by_discr_.erase(slot->second->session.local_discr());
  slots_.erase(slot);
  CloseUnusedReceivers();
}

bool Engine::IsUp(int32_t id) const {
  const auto slot = slots_.find(id);
  return slot != slots_.end() && slot->second->session.status().is_told_up.load();
}

void Engine::CloseAll() {
  for (const auto& [id, slot] : slots_) slot->session.SayAdminDown(MonotonicUs());
  by_discr_.clear();
  slots_.clear();
  receivers_.clear();
  timers_->Disarm(&retry_);
}

void Engine::OpenSockets(Slot* slot) {
  const Settings& settings = slot->session.settings();
  bool is_open = OpenReceiver(settings, slot->session.id());
  if (!slot->sender.is_open()) {
    const auto first_port = static_cast<uint16_t>(kFirstSourcePort + Random() % kSourcePorts);
    if (const auto error = slot->sender.Open(settings, first_port)) {
      Tell(slot->session, FailReport{.action = FailedAction::kOpen, .error = *error},
           MonotonicUs());
      is_open = false;
    }
  }
  if (!is_open && !retry_.is_armed()) timers_->Arm(&retry_, MonotonicUs() + kReopenUs);
}

void Engine::OnLink(std::string_view name) {
  for (const auto& [id, slot] : slots_) {
    if (name == slot->session.settings().interface_name.data()) FollowInterface(slot.get());
  }
}

void Engine::OnLinksUnknown() {
  for (const auto& [id, slot] : slots_) FollowInterface(slot.get());
}

/** One that was made anew has another number; while there is none the socket waits for it. */
void Engine::FollowInterface(Slot* slot) {
  const char* const name = slot->session.settings().interface_name.data();
  if (*name == '\0') return;
  const unsigned int ifindex = if_nametoindex(name);
  const bool is_bound_there = slot->sender.is_open() && slot->sender.scope() == ifindex;
  if (ifindex == 0 || is_bound_there) return;
  slot->sender = SendSocket();
  OpenSockets(slot);
}

bool Engine::OpenReceiver(const Settings& settings, int32_t id) {
  const auto serves = [&settings](const auto& receiver) {
    return receiver->family() == settings.neighbor.family && receiver->port() == settings.port;
  };
  if (std::ranges::any_of(receivers_, serves)) return true;
  auto receiver = std::make_unique<ReceiveSocket>(settings.neighbor.family, settings.port,
                                                  static_cast<ReceiveSocket::Listener*>(this));
  if (const auto error = receiver->Open(loop_)) {
    listener_->OnReport(id, FailReport{.action = FailedAction::kOpen, .error = *error},
                        MonotonicUs());
    return false;
  }
  receivers_.push_back(std::move(receiver));
  return true;
}

void Engine::CloseUnusedReceivers() {
  std::erase_if(receivers_, [this](const auto& receiver) {
    return std::ranges::none_of(slots_, [&receiver](const auto& entry) {
      const Settings& settings = entry.second->session.settings();
      return settings.neighbor.family == receiver->family() && settings.port == receiver->port();
    });
  });
}

uint32_t Engine::NewDiscriminator() {
  std::random_device random;
  uint32_t discr = 0;
  while (discr == 0 || by_discr_.contains(discr)) discr = random();
  return discr;
}

/** §6.8.6: by discriminator once the peer knows ours, else by addresses. */
Engine::Slot* Engine::FindSlot(const ReceiveSocket& socket, const Datagram& datagram,
                               const ControlPacket& packet) {
  const auto fits = [&](const Slot& slot) {
    const Settings& settings = slot.session.settings();
    return settings.port == socket.port() && settings.neighbor == datagram.source &&
           (settings.interface_name.front() == '\0' || slot.sender.scope() == datagram.ifindex) &&
           (!settings.source.is_set() || settings.source == datagram.destination);
  };
  if (packet.your_discr != 0) {
    const auto found = by_discr_.find(packet.your_discr);
    // Nobody else may speak for the neighbour.
    return found != by_discr_.end() && fits(*found->second) ? found->second : nullptr;
  }
  for (const auto& [id, slot] : slots_) {
    if (fits(*slot)) return slot.get();
  }
  return nullptr;
}

void Engine::OnDatagram(const ReceiveSocket& socket, const Datagram& datagram) {
  const int64_t now_us = MonotonicUs();
  const Decoded decoded = Decode(datagram.payload);
  // What cannot be read counts where its sender is the neighbour.
  Slot* const slot = FindSlot(socket, datagram, decoded.drop ? ControlPacket{} : decoded.packet);
  if (decoded.drop) {
    Drop(slot,
         {.reason = *decoded.drop,
          .source = datagram.source,
          .received = decoded.received,
          .expected = decoded.expected},
         now_us);
  } else if (slot == nullptr) {
    Drop(nullptr,
         {.reason = DropReason::kUnknownSession,
          .source = datagram.source,
          .received = decoded.packet.your_discr,
          .expected = 0},
         now_us);
  } else if (datagram.ttl < slot->session.settings().min_ttl) {
    // RFC 5881 §5
    Drop(slot,
         {.reason = DropReason::kTtl,
          .source = datagram.source,
          .received = datagram.ttl,
          .expected = slot->session.settings().min_ttl},
         now_us);
  } else {
    slot->session.OnPacket(decoded.packet, now_us);
  }
}

void Engine::Drop(Slot* slot, const DropReport& report, int64_t now_us) {
  if (slot != nullptr) {
    if (slot->session.NoteDrop(report.reason)) Tell(slot->session, report, now_us);
    return;
  }
  const uint32_t bit = 1u << static_cast<uint32_t>(report.reason);
  if ((std::exchange(said_reasons_, said_reasons_ | bit) & bit) != 0) return;
  listener_->OnReport(0, report, now_us);
}

void Engine::OnReceiveError(const ReceiveSocket& socket, const SyscallError& error) {
  for (const auto& [id, slot] : slots_) {
    if (slot->session.settings().neighbor.family != socket.family()) continue;
    Tell(slot->session, FailReport{.action = FailedAction::kReceive, .error = error},
         MonotonicUs());
    return;
  }
}

void Engine::Transmit(Session& session, const std::array<uint8_t, kControlBytes>& packet) {
  Slot& slot = *by_discr_.at(session.local_discr());
  const auto error = slot.sender.Send(packet, session.settings());
  if (!error) {
    slot.send_error = 0;
    Status::Add(&session.status().packets_sent);
  } else if (std::exchange(slot.send_error, error->error_number) != error->error_number) {
    Tell(session, FailReport{.action = FailedAction::kSend, .error = *error}, MonotonicUs());
  }
}

void Engine::DrainSockets() {
  for (const auto& receiver : receivers_) receiver->Drain(kAllBatches);
}

void Engine::Tell(const Session& session, const Report& report, int64_t now_us) {
  listener_->OnReport(session.id(), report, now_us);
}

void Engine::OnLost(const Session& session, int64_t now_us) {
  listener_->OnSessionLost(session.id(), now_us);
}

void Engine::OnTimer(vrrp::TimerNode&, int64_t) {
  for (const auto& [id, slot] : slots_) OpenSockets(slot.get());
}

}  // namespace holdfast::bfd
