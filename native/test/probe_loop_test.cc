#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <chrono>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "loop/loop_thread.h"
#include "loop/unique_fd.h"
#include "probe/prober.h"

namespace holdfast::probe {
namespace {

using std::chrono::milliseconds;

constexpr int64_t kHourUs = int64_t{3'600} * 1'000'000;
constexpr Schedule kReportOnce{Expected::kNone, kHourUs, kHourUs};
constexpr Schedule kOften{Expected::kNone, 1'000, 1'000};

/** Listens on 127.0.0.1; with `is_full` its backlog is used up, so that it answers no further SYN.
 */
class Server {
 public:
  explicit Server(bool is_full = false) : listener_(socket(AF_INET, SOCK_STREAM, 0)) {
    address_ = *ParseAddress(AF_INET, "127.0.0.1", 0);
    bind(listener_.get(), &address_.generic, address_.length);
    listen(listener_.get(), is_full ? 0 : 1'024);
    socklen_t length = sizeof(sockaddr_in);
    getsockname(listener_.get(), &address_.generic, &length);
    if (is_full) {
      client_.Reset(socket(AF_INET, SOCK_STREAM, 0));
      connect(client_.get(), &address_.generic, address_.length);
    }
  }

  ProbeSpec Spec(int64_t timeout_us) const {
    ProbeSpec spec;
    spec.address = address_;
    spec.timeout_us = timeout_us;
    return spec;
  }

 private:
  UniqueFd listener_;
  UniqueFd client_;
  SocketAddress address_;
};

/** Takes datagrams and answers none. */
struct SilentUdp {
  SilentUdp()
      : fd(socket(AF_INET, SOCK_DGRAM, 0)), address(*ParseAddress(AF_INET, "127.0.0.1", 0)) {
    bind(fd.get(), &address.generic, address.length);
    socklen_t length = sizeof(sockaddr_in);
    getsockname(fd.get(), &address.generic, &length);
  }

  UniqueFd fd;
  SocketAddress address;
};

/** A prober on its thread, with every event kept. */
class ProberTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(thread_.Start([this](uv_loop_t* loop) { prober_.Start(loop); }), 0);
  }
  void TearDown() override {
    thread_.Stop([this] { prober_.Close(); });
  }

  template <typename Function>
  void OnLoop(Function function) {
    std::promise<void> done;
    thread_.PostCall([&] {
      function();
      done.set_value();
    });
    done.get_future().wait();
  }

  template <typename Condition>
  bool Eventually(Condition condition) {
    for (int attempt = 0; attempt < 5'000; ++attempt) {
      if (condition()) return true;
      std::this_thread::sleep_for(milliseconds(1));
    }
    return false;
  }

  std::vector<ProbeEvent> Events() {
    const std::lock_guard lock(mutex_);
    return events_;
  }

  SilentUdp silent_udp_;
  std::mutex mutex_;
  std::vector<ProbeEvent> events_;
  Prober prober_{100, [this](const ProbeEvent& event) {
                   const std::lock_guard lock(mutex_);
                   events_.push_back(event);
                 }};
  LoopThread thread_;
};

TEST_F(ProberTest, SilenceWhileTheLoopStoodStillIsLateAndTriedAgain) {
  Server silent(true);
  OnLoop([&] {
    prober_.AddTarget(7, silent.Spec(100'000), kReportOnce, 0);
    prober_.SetSchedule(7, kOften);
  });
  ASSERT_TRUE(Eventually([&] { return prober_.counters().in_flight == 1; }));
  OnLoop([] { std::this_thread::sleep_for(milliseconds(400)); });
  ASSERT_TRUE(Eventually([&] { return prober_.counters().kinds[0].late == 1; }));
  EXPECT_TRUE(Events().empty());
  // The retry is judged by a loop that is on time again.
  ASSERT_TRUE(Eventually([&] { return !Events().empty(); }));
  EXPECT_EQ(Events()[0].reason, Reason::kTimeout);
}

TEST_F(ProberTest, WithoutDescriptorsProbesWaitAndThenSucceed) {
  Server server;
  OnLoop([&] { prober_.AddTarget(7, server.Spec(1'000'000), kOften, 20'000); });
  // No virtual call while the limit is in force: UBSan needs descriptors to check one.
  const KindCounters& counters = prober_.counters().kinds[0];
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  rlimit none = before;
  none.rlim_cur = 3;
  setrlimit(RLIMIT_NOFILE, &none);
  for (int attempt = 0; attempt < 5'000 && counters.local < 2; ++attempt) {
    std::this_thread::sleep_for(milliseconds(1));
  }
  setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_GE(counters.local, 2u);
  ASSERT_TRUE(Eventually([&] { return !Events().empty(); }));
  EXPECT_EQ(Events()[0].result, Result::kSuccess);
  EXPECT_EQ(counters.failed, 0u);
}

TEST_F(ProberTest, ALateAnswerOfARemovedTargetHarmsNobody) {
  Server server;
  for (int round = 0; round < 200; ++round) {
    OnLoop([&] { prober_.AddTarget(7, server.Spec(1'000'000), kOften, 0); });
    if (round % 3 == 0) std::this_thread::sleep_for(milliseconds(1));
    OnLoop([&] { prober_.RemoveTarget(7); });
    EXPECT_EQ(prober_.counters().in_flight, 0u);
  }
}

/** Copies of this process's sockets of which `is_wanted(fd)` is true. */
template <typename Predicate>
std::vector<UniqueFd> CopiesOfSockets(const Predicate& is_wanted) {
  std::vector<UniqueFd> copies;
  for (int fd = 3; fd < 256; ++fd) {
    if (is_wanted(fd)) copies.emplace_back(dup(fd));
  }
  return copies;
}

bool IsConnectedTo(int fd, const SocketAddress& address) {
  SocketAddress peer;
  socklen_t length = sizeof(sockaddr_in6);
  return getpeername(fd, &peer.generic, &length) == 0 && peer.family() == AF_INET &&
         peer.v4.sin_port == address.v4.sin_port;
}

bool IsOfProtocol(int fd, int protocol) {
  int found = -1;
  socklen_t length = sizeof found;
  return getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &found, &length) == 0 && found == protocol;
}

/** A process that is being started has copies of all descriptors until it executes its program. */
TEST_F(ProberTest, ACopyOfItsSocketTellsNothingOfARemovedTarget) {
  Server server;
  for (const Kind kind : {Kind::kHttp, Kind::kSmtp, Kind::kUdp}) {
    ProbeSpec spec = server.Spec(60'000'000);
    spec.kind = kind;
    spec.http = std::make_shared<HttpExchange>(HttpExchange{"GET / HTTP/1.0\r\n\r\n", {}, {}, {}});
    spec.helo_name = std::make_shared<std::string>("name");
    UdpExchange exchange;
    exchange.payload = {1};
    exchange.requires_reply = true;
    spec.udp = std::make_shared<UdpExchange>(exchange);
    if (kind == Kind::kUdp) spec.address = silent_udp_.address;
    std::vector<UniqueFd> copies;
    OnLoop([&] { prober_.AddTarget(7, spec, kReportOnce, 0); });
    ASSERT_TRUE(Eventually([&] {
      OnLoop([&] {
        copies = CopiesOfSockets([&](int fd) { return IsConnectedTo(fd, spec.address); });
      });
      return !copies.empty();
    }));
    OnLoop([&] { prober_.RemoveTarget(7); });
    // Wakes whoever watches the copy.
    shutdown(copies.front().get(), SHUT_RDWR);
    for (int turn = 0; turn < 5; ++turn) OnLoop([] {});
    EXPECT_EQ(prober_.counters().in_flight, 0u);
  }
  EXPECT_TRUE(Events().empty());
}

TEST_F(ProberTest, ACopyOfARawSocketTellsNothingOfOneThatIsGone) {
  Server server;
  for (const auto& [kind, protocol] :
       {std::pair(Kind::kIcmp, IPPROTO_ICMP), std::pair(Kind::kSyn, IPPROTO_TCP)}) {
    ProbeSpec spec = server.Spec(1'000'000);
    spec.kind = kind;
    OnLoop([&] { prober_.AddTarget(7, spec, kReportOnce, 0); });
    const KindCounters& counters = prober_.counters().kinds[static_cast<size_t>(kind)];
    ASSERT_TRUE(Eventually([&] { return counters.succeeded + counters.local > 0; }));
    if (counters.local > 0) GTEST_SKIP() << "a raw socket needs CAP_NET_RAW";
    std::vector<UniqueFd> copies;
    OnLoop([&] {
      copies = CopiesOfSockets([protocol](int fd) {
        int type = 0;
        socklen_t length = sizeof type;
        getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length);
        return type != SOCK_STREAM && IsOfProtocol(fd, protocol);
      });
      prober_.RemoveTarget(7);
    });
    ASSERT_FALSE(copies.empty());
    for (const UniqueFd& copy : copies) shutdown(copy.get(), SHUT_RDWR);
    for (int turn = 0; turn < 5; ++turn) OnLoop([] {});
  }
  EXPECT_EQ(Events().size(), 2u);
}

TEST_F(ProberTest, APortThatConnectsToItselfIsNoServer) {
  ProbeSpec spec = Server().Spec(1'000'000);
  // The kernel may choose it, here it must: nobody listens there any more.
  spec.bind_address = spec.address;
  OnLoop([&] { prober_.AddTarget(7, spec, kReportOnce, 0); });
  ASSERT_TRUE(Eventually([&] { return !Events().empty(); }));
  EXPECT_EQ(Events()[0].reason, Reason::kRefused);
}

TEST_F(ProberTest, ManyTargetsOnOneServerKeepTheirOwnResults) {
  Server server;
  ProbeSpec closed = server.Spec(1'000'000);
  closed.address.v4.sin_port = htons(1);
  OnLoop([&] {
    for (uint32_t id = 0; id < 1'000; ++id) {
      prober_.AddTarget(id, id % 2 == 0 ? server.Spec(1'000'000) : closed, kReportOnce, 0);
    }
  });
  ASSERT_TRUE(Eventually([&] { return Events().size() == 1'000; }));
  for (const ProbeEvent& event : Events()) {
    EXPECT_EQ(event.reason, event.target % 2 == 0 ? Reason::kOk : Reason::kRefused);
  }
}

}  // namespace
}  // namespace holdfast::probe
