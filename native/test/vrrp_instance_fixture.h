#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "vrrp/instance.h"
#include "vrrp/packet.h"

namespace holdfast::vrrp {

inline IpAddress Ip(const char* text) { return IpAddress::Parse(AF_INET, text).value(); }

/** Writes down what the instance has done for it. */
struct FakeHost final : InstanceHost {
  void SendAdvert(Instance&, uint8_t priority, int64_t) override {
    done.push_back("advert " + std::to_string(priority));
  }
  void ChangeAddresses(Instance&, AddressSet::Change change, int64_t) override {
    done.push_back(change == AddressSet::Change::kAdd ? "add" : "remove");
  }
  void StartAnnounce(Instance&, const AnnounceRule& rule, int64_t) override {
    done.push_back("announce " + std::to_string(rule.repeat));
  }
  void CancelAnnounce(Instance&) override { done.push_back("cancel"); }
  void DrainSocket(Instance&) override {
    if (on_drain) on_drain();
  }
  void RecordDeadline(int64_t at_us) override { deadlines_us.push_back(at_us); }
  void RecordAdvertDeadline(int64_t at_us) override { deadlines_us.push_back(at_us); }
  bool DoOthersWish(const Instance&) override { return do_others_wish; }
  void PullOthers(const Instance&, Trigger trigger, int64_t) override { pulled.push_back(trigger); }
  void Emit(const Event& event) override { events.push_back(event); }

  template <typename Body>
  const Body* Last() const {
    return events.empty() ? nullptr : std::get_if<Body>(&events.back().body);
  }

  std::vector<std::string> done;
  std::vector<Event> events;
  std::vector<int64_t> deadlines_us;
  std::function<void()> on_drain;
  bool do_others_wish = true;
  std::vector<Trigger> pulled;
};

inline AdvertFormat FormatOf(const char* source) {
  return {.version = 3,
          .vrid = 51,
          .advertised_interval = 100,
          .source = Ip(source),
          .addresses = {Ip("192.168.1.100")},
          .password = std::nullopt};
}

inline constexpr int64_t kIntervalUs = 1'000'000;
/** At priority 100 and 1 s. RFC 9568 §6.1: 3 s + 156 / 256 s */
inline constexpr int64_t kActiveDownUs = 3'609'375;

inline ArmActiveDown ActiveDown(ActiveDownRule::From from, int64_t multiplier = 3) {
  return {.rule = {.interval_us = kIntervalUs,
                   .interval_from = from,
                   .multiplier = multiplier,
                   .skew_numerator = 156,
                   .skew_base_us = std::nullopt}};
}

class InstanceTest : public testing::Test {
 protected:
  InstanceTest() {
    const AdvertFilter filter{.format = FormatOf("192.168.1.2"), .peers = {}};
    instance_.SetTransport(std::make_unique<Transport>(
        2, filter, std::make_shared<AddressSet>(std::span<const VirtualAddress>{})));
  }

  static Program MakeProgram() {
    Program program;
    program.own_priority = 100;
    program.phase = Phase::kBackup;
    const std::vector<Action> keep = {ActiveDown(ActiveDownRule::From::kAdvert)};
    const std::vector<Action> skew_only = {ActiveDown(ActiveDownRule::From::kLast, 0)};
    const std::vector<Action> takeover = {SendAdvert{100}, AddAddresses{}, Announce{{.repeat = 5}},
                                          ArmAdver{kIntervalUs}};
    const std::vector<Action> advertise = {SendAdvert{100}, ArmAdver{kIntervalUs}};
    const std::vector<Action> yield = {DisarmAdver{}, CancelAnnounce{}, RemoveAddresses{},
                                       ActiveDown(ActiveDownRule::From::kAdvert)};
    program.AddPlan(Phase::kBackup, Trigger::kHigherPriority, keep, Phase::kBackup, false);
    program.AddPlan(Phase::kBackup, Trigger::kPriorityZero, skew_only, Phase::kBackup, false);
    program.AddPlan(Phase::kBackup, Trigger::kActiveDown, takeover, Phase::kActive, true);
    program.Ignore(Phase::kBackup, Trigger::kLowerPriority);
    program.AddPlan(Phase::kActive, Trigger::kAdver, advertise, Phase::kActive, false);
    program.AddPlan(Phase::kActive, Trigger::kHigherPriority, yield, Phase::kBackup, true);
    return program;
  }

  void Install(int64_t now_us) {
    instance_.Submit({.order = 1,
                      .epoch = 0,
                      .actions = {ActiveDown(ActiveDownRule::From::kRule)},
                      .program = MakeProgram()},
                     now_us);
    ASSERT_NE(host_.Last<AcceptedEvent>(), nullptr);
    host_.events.clear();
  }

  void Receive(uint8_t priority, const char* source, int64_t now_us, uint16_t interval_cs = 100) {
    AdvertFormat format = FormatOf(source);
    format.advertised_interval = interval_cs;
    AdvertEncoder encoder(format);
    const auto packet = encoder.Encode(priority, Ip("224.0.0.18"), ttl_);
    instance_.OnDatagram(*SplitIpv4(packet), now_us);
  }

  TimerHeap timers_;
  FakeHost host_;
  std::shared_ptr<Counters> counters_ = std::make_shared<Counters>();
  Instance instance_{7, counters_, &timers_, &host_};
  uint8_t ttl_ = 255;
};

}  // namespace holdfast::vrrp
