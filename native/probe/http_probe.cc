#include "probe/http_probe.h"

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
/** Each one shot, for the pool's sake. */
constexpr uint32_t kWritable = EPOLLOUT | EPOLLONESHOT;
constexpr uint32_t kReadable = EPOLLIN | EPOLLONESHOT;
/** What one server may take of the loop at a time; the epoll set calls again for the rest. */
constexpr size_t kBufferBytes = 65'536;

}  // namespace

Stage StageOf(HttpFault fault) {
  switch (fault) {
    case HttpFault::kStatus:
      return Stage::kStatus;
    case HttpFault::kDigest:
      return Stage::kDigest;
    case HttpFault::kRegex:
      return Stage::kRegex;
    default:
      return Stage::kAnswer;
  }
}

int HttpProber::Start(uv_loop_t* loop, std::function<void(Target&)> on_connected,
                      OnAnswer on_answer, std::function<void()> after_batch) {
  on_connected_ = std::move(on_connected);
  on_answer_ = std::move(on_answer);
  buffer_.resize(kBufferBytes);
  return ready_.Start(loop, [this, after_batch = std::move(after_batch)] {
    Collect();
    after_batch();
  });
}

std::optional<Outcome> HttpProber::Begin(Target& target) {
  const int error = streams_.Connect(target, kWritable, FirstWord::kOurs);
  if (error != 0) return JudgeBegin(error);
  target.request_sent_bytes = 0;
  target.is_connected = false;
  if (!target.response) target.response = std::make_unique<HttpReader>();
  *target.response = HttpReader(target.spec.http->regex ? HttpRegex::kMaxBodyBytes : 0);
  return std::nullopt;
}

void HttpProber::Collect() {
  std::array<epoll_event, kBatch> buffer;
  for (const epoll_event& event : ready_.Take(buffer)) {
    OnReady(*static_cast<Target*>(event.data.ptr), event.events);
  }
}

void HttpProber::OnReady(Target& target, uint32_t events) {
  const size_t request_bytes = target.spec.http->request.size();
  if (target.request_sent_bytes == request_bytes) return Receive(target);
  if ((events & (EPOLLERR | EPOLLHUP)) != 0) {
    const int error = PendingError(target.connection.get());
    return on_answer_(target, Answer::kError, error == 0 ? ECONNRESET : error);
  }
  if (!target.is_connected) {
    target.is_connected = true;
    target.stage = Stage::kAnswer;
    on_connected_(target);
  }
  Send(target);
}

void HttpProber::Send(Target& target) {
  const std::string& request = target.spec.http->request;
  const std::span rest = std::span(request).subspan(target.request_sent_bytes);
  const ssize_t sent = send(target.connection.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
  if (sent < 0) {
    if (errno == EAGAIN || errno == EINTR) return Await(target, kWritable);
    return on_answer_(target, Answer::kError, errno);
  }
  target.request_sent_bytes += static_cast<size_t>(sent);
  Await(target, target.request_sent_bytes < request.size() ? kWritable : kReadable);
}

void HttpProber::Await(Target& target, uint32_t events) {
  const int error = ready_.Change(target.connection.get(), events, &target);
  if (error != 0) on_answer_(target, Answer::kError, error);
}

void HttpProber::Receive(Target& target) {
  const ssize_t length = recv(target.connection.get(), buffer_.data(), buffer_.size(), 0);
  if (length < 0) {
    if (errno == EAGAIN || errno == EINTR) return Await(target, kReadable);
    return on_answer_(target, Answer::kError, errno);
  }
  const HttpReader::State state =
      length == 0 ? target.response->Finish()
                  : target.response->Feed(std::span(buffer_).first(static_cast<size_t>(length)));
  if (state == HttpReader::State::kDone || state == HttpReader::State::kBad) return Judge(target);
  Await(target, kReadable);
}

void HttpProber::Judge(Target& target) {
  const HttpFault fault = FindFault(*target.spec.http, *target.response);
  if (fault != HttpFault::kNone) target.stage = StageOf(fault);
  // Nothing of a body stays between probes.
  *target.response = HttpReader();
  if (fault == HttpFault::kNone) streams_.Recycle(target);
  on_answer_(target, fault == HttpFault::kNone ? Answer::kGood : Answer::kMismatch, 0);
}

void HttpProber::Close() {
  streams_.Clear();
  ready_.Close();
}

}  // namespace holdfast::probe
