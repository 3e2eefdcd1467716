#include "probe/icmp_probe.h"

#include <errno.h>
#include <sys/random.h>

#include <array>
#include <utility>

#include "loop/clock.h"

namespace holdfast::probe {

int IcmpProber::Start(uv_loop_t* loop, OnAnswer on_answer, OnUnsent on_unsent,
                      std::function<void()> after_batch) {
  on_answer_ = std::move(on_answer);
  on_unsent_ = std::move(on_unsent);
  if (getrandom(&cookie_, sizeof cookie_, GRND_NONBLOCK) != sizeof cookie_) {
    cookie_ = static_cast<uint64_t>(MonotonicUs());
  }
  return ready_.Start(loop, [this, after_batch = std::move(after_batch)] {
    Collect();
    after_batch();
  });
}

IcmpSocket& IcmpProber::SocketFor(Target& target) {
  if (target.icmp_socket != nullptr) return *target.icmp_socket;
  for (const auto& socket : sockets_) {
    if (socket->Serves(target.spec)) target.icmp_socket = socket.get();
  }
  if (target.icmp_socket == nullptr) {
    sockets_.push_back(std::make_unique<IcmpSocket>(target.spec));
    target.icmp_socket = sockets_.back().get();
  }
  ++target.icmp_socket->users;
  return *target.icmp_socket;
}

bool IcmpProber::TakeSerial(Target& target) {
  if (!in_flight_) in_flight_ = std::make_unique<Target*[]>(kSequences);
  for (size_t attempt = 0; attempt < kSequences; ++attempt) {
    Target*& slot = in_flight_[++last_serial_ % kSequences];
    if (slot != nullptr) continue;
    slot = &target;
    target.icmp_serial = last_serial_;
    return true;
  }
  return false;
}

std::optional<Outcome> IcmpProber::Begin(Target& target) {
  IcmpSocket& socket = SocketFor(target);
  if (!socket.is_open()) {
    int error = socket.Open();
    if (error == 0) error = ready_.Add(socket.fd(), EPOLLIN, &socket);
    if (error != 0) {
      socket.Close();
      return JudgeBegin(error);
    }
  }
  if (!TakeSerial(target)) return JudgeBegin(ENOBUFS);
  if (socket.is_full()) socket.Flush(on_unsent_);
  socket.Append(target, cookie_);
  return std::nullopt;
}

void IcmpProber::Flush() {
  for (const auto& socket : sockets_) socket->Flush(on_unsent_);
}

void IcmpProber::Release(Target& target) {
  if (target.icmp_serial == 0) return;
  in_flight_[target.icmp_serial % kSequences] = nullptr;
  target.icmp_serial = 0;
}

void IcmpProber::Forget(Target& target) {
  Release(target);
  IcmpSocket* const left = std::exchange(target.icmp_socket, nullptr);
  if (left == nullptr || --left->users > 0) return;
  std::erase_if(sockets_, [left](const auto& socket) { return socket.get() == left; });
}

Target* IcmpProber::FindInFlight(const Echo& echo) {
  if (echo.cookie != cookie_ || echo.serial == 0) return nullptr;
  Target* const target = in_flight_[echo.serial % kSequences];
  return target != nullptr && target->icmp_serial == echo.serial ? target : nullptr;
}

IcmpSocket* IcmpProber::FindSocket(const void* owner) const {
  for (const auto& socket : sockets_) {
    if (socket.get() == owner) return socket.get();
  }
  return nullptr;
}

void IcmpProber::Collect() {
  std::array<epoll_event, 16> buffer;
  for (const epoll_event& event : ready_.Take(buffer)) {
    IcmpSocket* const socket = FindSocket(event.data.ptr);
    // A copy of the descriptor of one that is gone may still be told of.
    if (socket == nullptr) continue;
    socket->Receive(
        [this](const Echo& echo, const SocketAddress& source) {
          Target* const target = FindInFlight(echo);
          if (target != nullptr && target->spec.address.HasSameHost(source)) {
            on_answer_(*target, std::nullopt);
          }
        },
        [this](const Echo& echo, int error_number) {
          Target* const target = FindInFlight(echo);
          if (target != nullptr) on_answer_(*target, error_number);
        });
  }
}

void IcmpProber::Close() {
  ready_.Close();
  sockets_.clear();
}

}  // namespace holdfast::probe
