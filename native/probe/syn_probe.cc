#include "probe/syn_probe.h"

#include <errno.h>
#include <sys/random.h>

#include <algorithm>
#include <array>
#include <utility>

#include "loop/clock.h"

namespace holdfast::probe {

namespace {

constexpr int64_t kFirstRepeatUs = 1'000'000;
constexpr uint8_t kMaxRepeats = 6;

}  // namespace

int SynProber::Start(uv_loop_t* loop, OnAnswer on_answer, OnUnsent on_unsent,
                     std::function<void()> after_batch) {
  on_answer_ = std::move(on_answer);
  on_unsent_ = std::move(on_unsent);
  if (getrandom(&random_state_, sizeof random_state_, GRND_NONBLOCK) != sizeof random_state_) {
    random_state_ = static_cast<uint64_t>(MonotonicUs());
  }
  last_slot_ = Random();
  return ready_.Start(loop, [this, after_batch = std::move(after_batch)] {
    Collect();
    after_batch();
  });
}

/** splitmix64: a stranger who sees no SYN of ours can't guess the next number. */
uint16_t SynProber::Random() {
  random_state_ += 0x9e3779b97f4a7c15;
  uint64_t mixed = random_state_;
  mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
  mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
  return static_cast<uint16_t>(mixed >> 48);
}

SynSocket& SynProber::SocketFor(Target& target) {
  if (target.syn.socket != nullptr) return *target.syn.socket;
  for (const auto& socket : sockets_) {
    if (socket->Serves(target.spec)) target.syn.socket = socket.get();
  }
  if (target.syn.socket == nullptr) {
    sockets_.push_back(std::make_unique<SynSocket>(target.spec));
    target.syn.socket = sockets_.back().get();
  }
  ++target.syn.socket->users;
  return *target.syn.socket;
}

int SynProber::OpenSocket(SynSocket& socket) {
  ReservedPorts& ports = PortsOf(socket.family());
  int error = ports.Reserve(socket.family());
  if (error == 0) error = socket.Open(ports.first());
  if (error == 0) error = ready_.Add(socket.fd(), EPOLLIN, &socket);
  if (error != 0) socket.Close();
  return error;
}

int SynProber::FindSource(Target& target, SynSocket& socket) {
  const int error = socket.FindSource(target);
  target.syn.has_source = error == 0;
  return error;
}

bool SynProber::TakeSequence(Target& target) {
  if (!in_flight_) in_flight_ = std::make_unique<Target*[]>(kSlots);
  for (size_t attempt = 0; attempt < kSlots; ++attempt) {
    Target*& slot = in_flight_[++last_slot_];
    if (slot != nullptr) continue;
    slot = &target;
    target.syn.sequence = static_cast<uint32_t>(Random()) << 16 | last_slot_;
    target.syn.is_in_flight = true;
    return true;
  }
  return false;
}

std::optional<Outcome> SynProber::Begin(Target& target) {
  SynSocket& socket = SocketFor(target);
  if (!socket.is_open()) {
    if (const int error = OpenSocket(socket); error != 0) return JudgeBegin(error);
  }
  // Another port each time: a server that has not seen the last RST would take it for the same one.
  target.syn.round = static_cast<uint8_t>((target.syn.round + 1) % ReservedPorts::kCount);
  target.syn.port = static_cast<uint16_t>(PortsOf(socket.family()).first() + target.syn.round);
  // Looked up with every sixteenth probe, so that a new route shows.
  if (!target.syn.has_source || target.syn.round == 0) {
    if (const int error = FindSource(target, socket); error != 0) return JudgeBegin(error);
  }
  if (!TakeSequence(target)) return JudgeBegin(ENOBUFS);
  target.syn.repeats = 0;
  if (socket.is_full()) socket.Flush(on_unsent_);
  socket.Append(target);
  return std::nullopt;
}

std::optional<Outcome> SynProber::Repeat(Target& target) {
  SynSocket& socket = *target.syn.socket;
  ++target.syn.repeats;
  if (!socket.is_open()) return JudgeBegin(ENODEV);
  if (socket.is_full()) socket.Flush(on_unsent_);
  socket.Append(target);
  return std::nullopt;
}

std::optional<Outcome> SynProber::JudgeSource(Target& target) {
  const in_addr_t before = target.syn.source.s_addr;
  if (const int error = FindSource(target, *target.syn.socket); error != 0) {
    return JudgeBegin(error);
  }
  if (target.syn.source.s_addr != before) return JudgeBegin(EADDRNOTAVAIL);
  return std::nullopt;
}

int64_t SynProber::RepeatAtUs(const Target& target) {
  const int shift = std::min(target.syn.repeats, kMaxRepeats) + 1;
  return target.started_us + kFirstRepeatUs * ((int64_t{1} << shift) - 1);
}

void SynProber::Flush() {
  for (const auto& socket : sockets_) socket->Flush(on_unsent_);
}

void SynProber::Release(Target& target, bool keeps_source) {
  if (!keeps_source) target.syn.has_source = false;
  if (!std::exchange(target.syn.is_in_flight, false)) return;
  in_flight_[target.syn.sequence % kSlots] = nullptr;
  target.syn.socket->Withdraw(target);
}

void SynProber::Forget(Target& target) {
  Release(target, false);
  SynSocket* const left = std::exchange(target.syn.socket, nullptr);
  if (left == nullptr || --left->users > 0) return;
  std::erase_if(sockets_, [left](const auto& socket) { return socket.get() == left; });
}

Target* SynProber::FindInFlight(const SynSegment& syn, const SocketAddress& peer) {
  Target* const target = in_flight_[syn.sequence % kSlots];
  if (target == nullptr || target->syn.sequence != syn.sequence) return nullptr;
  const uint16_t peer_port = ntohs(target->spec.address.v4.sin_port);
  const bool is_ours = target->syn.port == syn.source_port && peer_port == syn.destination_port &&
                       target->spec.address.HasSameHost(peer);
  return is_ours ? target : nullptr;
}

SynSocket* SynProber::FindSocket(const void* owner) const {
  for (const auto& socket : sockets_) {
    if (socket.get() == owner) return socket.get();
  }
  return nullptr;
}

void SynProber::Collect() {
  if (!in_flight_) return;
  std::array<epoll_event, 16> buffer;
  for (const epoll_event& event : ready_.Take(buffer)) {
    SynSocket* const socket = FindSocket(event.data.ptr);
    // A copy of the descriptor of one that is gone may still be told of.
    if (socket == nullptr) continue;
    socket->Receive(
        [this](const SynAnswer& answer, const SocketAddress& peer) {
          Target* const target = FindInFlight(answer.syn, peer);
          if (target == nullptr) return;
          on_answer_(*target, answer.is_accepted ? std::nullopt : std::optional<int>(ECONNREFUSED));
        },
        [this](const SynSegment& syn, const SocketAddress& peer, int error_number) {
          Target* const target = FindInFlight(syn, peer);
          if (target != nullptr) on_answer_(*target, error_number);
        });
  }
}

void SynProber::Close() {
  ready_.Close();
  sockets_.clear();
  ports_v4_.Release();
  ports_v6_.Release();
}

}  // namespace holdfast::probe
