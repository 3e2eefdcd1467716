#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <chrono>
#include <future>
#include <mutex>
#include <thread>
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
    listen(listener_.get(), is_full ? 0 : 16);
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
