#include "probe/smtp_probe.h"

#include <errno.h>
#include <sys/socket.h>

#include <array>
#include <memory>
#include <span>
#include <utility>

#include "probe/stream_socket.h"

namespace holdfast::probe {

namespace {

constexpr size_t kBatch = 256;
constexpr size_t kBufferBytes = 4'096;

Stage StageOf(SmtpDialogue::State state) {
  switch (state) {
    case SmtpDialogue::State::kGreeting:
      return Stage::kGreeting;
    case SmtpDialogue::State::kHelo:
      return Stage::kHelo;
    default:
      return Stage::kQuit;
  }
}

}  // namespace

int SmtpProber::Start(uv_loop_t* loop, std::function<void(Target&)> on_step, OnAnswer on_answer,
                      std::function<void()> after_batch) {
  on_step_ = std::move(on_step);
  on_answer_ = std::move(on_answer);
  buffer_.resize(kBufferBytes);
  return ready_.Start(loop, [this, after_batch = std::move(after_batch)] {
    Collect();
    after_batch();
  });
}

std::optional<Outcome> SmtpProber::Begin(Target& target) {
  StreamSocket stream = ConnectStream(target.spec, FirstWord::kTheirs);
  if (!stream.fd.is_open()) return JudgeBegin(stream.error_number);
  if (const int error = ready_.Add(stream.fd.get(), EPOLLOUT, &target); error != 0) {
    return JudgeBegin(error);
  }
  target.connection = WatchedFd(std::move(stream.fd), &ready_);
  target.is_connected = false;
  if (!target.dialogue) target.dialogue = std::make_unique<SmtpDialogue>();
  *target.dialogue = SmtpDialogue(*target.spec.helo_name);
  return std::nullopt;
}

void SmtpProber::Collect() {
  std::array<epoll_event, kBatch> buffer;
  for (const epoll_event& event : ready_.Take(buffer)) {
    OnReady(*static_cast<Target*>(event.data.ptr), event.events);
  }
}

void SmtpProber::OnReady(Target& target, uint32_t events) {
  if (target.is_connected) {
    // What was not sent at once goes out when there is room.
    if (!Send(target)) return;
    return Receive(target);
  }
  if ((events & (EPOLLERR | EPOLLHUP)) != 0) {
    const int error = PendingError(target.connection.get());
    return on_answer_(target, Answer::kError, error == 0 ? ECONNRESET : error);
  }
  target.is_connected = true;
  target.stage = Stage::kGreeting;
  on_step_(target);
  const int error = ready_.Change(target.connection.get(), EPOLLIN, &target);
  if (error != 0) on_answer_(target, Answer::kError, error);
}

bool SmtpProber::Send(Target& target) {
  SmtpDialogue& dialogue = *target.dialogue;
  while (!dialogue.outgoing().empty()) {
    const std::string_view octets = dialogue.outgoing();
    const ssize_t sent = send(target.connection.get(), octets.data(), octets.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && errno == EAGAIN) break;
    if (sent < 0) {
      on_answer_(target, Answer::kError, errno);
      return false;
    }
    dialogue.OnSent(static_cast<size_t>(sent));
  }
  const uint32_t wanted = dialogue.outgoing().empty() ? EPOLLIN : EPOLLIN | EPOLLOUT;
  const int error = ready_.Change(target.connection.get(), wanted, &target);
  if (error == 0) return true;
  on_answer_(target, Answer::kError, error);
  return false;
}

void SmtpProber::Receive(Target& target) {
  const ssize_t length = recv(target.connection.get(), buffer_.data(), buffer_.size(), 0);
  if (length < 0) {
    if (errno == EAGAIN || errno == EINTR) return;
    return on_answer_(target, Answer::kError, errno);
  }
  // The peer has closed before it said all that it has to.
  if (length == 0) return on_answer_(target, Answer::kError, ECONNRESET);
  const SmtpDialogue::State before = target.dialogue->state();
  target.dialogue->Feed(std::span(buffer_).first(static_cast<size_t>(length)));
  Step(target, before);
}

void SmtpProber::Step(Target& target, SmtpDialogue::State before) {
  const SmtpDialogue& dialogue = *target.dialogue;
  if (dialogue.state() == SmtpDialogue::State::kDone) {
    return on_answer_(target, Answer::kGood, 0);
  }
  if (dialogue.state() == SmtpDialogue::State::kBad) {
    target.stage = StageOf(dialogue.failed_at());
    return on_answer_(target, Answer::kMismatch, 0);
  }
  if (dialogue.state() == before) return;
  target.stage = StageOf(dialogue.state());
  on_step_(target);
  Send(target);
}

}  // namespace holdfast::probe
