#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "binding/values.h"
#include "binding/vrrp_names.h"
#include "binding/vrrp_values.h"

namespace holdfast::binding {

namespace {

/** A year: longer waits are mistakes, and products with the numbers below stay far from overflow.
 */
constexpr int64_t kMaxUs = int64_t{366} * 86'400 * 1'000'000;
constexpr int64_t kMaxFactor = 65'536;
constexpr int64_t kMaxSafeInteger = (int64_t{1} << 53) - 1;

std::string Item(const std::string& list, uint32_t index) {
  return list + "[" + std::to_string(index) + "]";
}

/** A name of an enum. */
template <typename Enum, size_t kSize>
Enum ReadName(FieldReader& reader, const char* field, const std::array<const char*, kSize>& names) {
  const auto value = ValueOf<Enum>(names, reader.String(field));
  if (!value) reader.Fail(field, "a known name is expected");
  return value.value_or(Enum{});
}

/** Reads actions; stops doing anything after the first failure. */
class ActionReader {
 public:
  static bool ReadList(FieldReader& parent, const std::string& parent_name,
                       std::vector<vrrp::Action>* actions, const char* field = "actions") {
    const Napi::Array list = parent.Array(field);
    if (!parent.ok()) return false;
    for (uint32_t index = 0; index < list.Length(); ++index) {
      ActionReader reader(list.Get(index), Item(parent_name + "." + field, index));
      actions->push_back(reader.Read());
      if (!reader.fields_.ok()) return false;
    }
    return true;
  }

 private:
  ActionReader(const Napi::Value& value, std::string name) : name_(name), fields_(value, name) {}

  vrrp::Action Read() {
    const std::string kind = fields_.String("kind");
    if (kind == "send-advert") {
      return vrrp::SendAdvert{.priority = fields_.Integer<uint8_t>("priority")};
    }
    if (kind == "add-addresses") return vrrp::AddAddresses{};
    if (kind == "remove-addresses") return vrrp::RemoveAddresses{};
    if (kind == "announce") return ReadAnnounce();
    if (kind == "cancel-announce") return vrrp::CancelAnnounce{};
    if (kind == "announce-source") return vrrp::AnnounceSource{};
    if (kind == "arm-adver") {
      return vrrp::ArmAdver{.interval_us = fields_.Integer("intervalUs", 1, kMaxUs)};
    }
    if (kind == "disarm-adver") return vrrp::DisarmAdver{};
    if (kind == "arm-active-down") return ReadArmActiveDown();
    if (kind == "shift-active-down") {
      return vrrp::ShiftActiveDown{
          .skew_numerator = fields_.Integer("skewNumerator", -kMaxFactor, kMaxFactor),
          .skew_base_us = fields_.NullableInteger("skewBaseUs", 0, kMaxUs)};
    }
    if (kind != "disarm-active-down") fields_.Fail("kind", "a known action is expected");
    return vrrp::DisarmActiveDown{};
  }

  vrrp::Action ReadAnnounce() {
    FieldReader rule(fields_.Value("rule"), name_ + ".rule");
    const vrrp::Announce action{
        .rule = {
            .repeat = static_cast<uint32_t>(rule.Integer("repeat", 0, kMaxFactor)),
            .delay_us = rule.Integer("delayUs", 0, kMaxUs),
            .refresh_us = rule.Integer("refreshUs", 0, kMaxUs),
            .refresh_repeat = static_cast<uint32_t>(rule.Integer("refreshRepeat", 0, kMaxFactor))}};
    return Nested(rule, action);
  }

  vrrp::Action ReadArmActiveDown() {
    FieldReader reader(fields_.Value("rule"), name_ + ".rule");
    constexpr std::array<const char*, 3> kFrom = {"rule", "advert", "last"};
    vrrp::ActiveDownRule rule;
    rule.interval_us = reader.Integer("intervalUs", 0, kMaxUs);
    rule.interval_from = ReadName<vrrp::ActiveDownRule::From>(reader, "intervalFrom", kFrom);
    rule.multiplier = reader.Integer("multiplier", 0, kMaxFactor);
    rule.skew_numerator = reader.Integer("skewNumerator", 0, kMaxFactor);
    rule.skew_base_us = reader.NullableInteger("skewBaseUs", 0, kMaxUs);
    return Nested(reader, vrrp::ArmActiveDown{.rule = rule});
  }

  /** A failure inside is a failure here. */
  vrrp::Action Nested(const FieldReader& inner, vrrp::Action action) {
    if (!inner.ok()) fields_.Fail("rule", "broken");
    return action;
  }

  std::string name_;
  FieldReader fields_;
};

class ProgramReader {
 public:
  ProgramReader(const Napi::Value& value, std::string name) : name_(name), fields_(value, name) {}

  bool Read(vrrp::Program* program) {
    program->own_priority = fields_.Integer<uint8_t>("ownPriority");
    program->phase = ReadName<vrrp::Phase>(fields_, "phase", kPhaseNames);
    program->stalled_after_us = fields_.NullableInteger("stalledAfterUs", 1, kMaxUs);
    FieldReader plans(fields_.Value("plans"), name_ + ".plans");
    FieldReader ignored(fields_.Value("ignored"), name_ + ".ignored");
    for (size_t phase = 0; phase < vrrp::kPhases; ++phase) {
      if (!ReadPlans(plans, static_cast<vrrp::Phase>(phase), program)) return false;
      if (!ReadIgnored(ignored, static_cast<vrrp::Phase>(phase), program)) return false;
    }
    return fields_.ok() && plans.ok() && ignored.ok();
  }

 private:
  bool ReadPlans(FieldReader& plans, vrrp::Phase phase, vrrp::Program* program) {
    const char* const phase_name = NameOf(kPhaseNames, phase);
    const Napi::Array list = plans.Array(phase_name);
    if (!plans.ok()) return false;
    for (uint32_t index = 0; index < list.Length(); ++index) {
      const std::string name = Item(name_ + ".plans." + phase_name, index);
      FieldReader plan(list.Get(index), name);
      const auto trigger = ReadName<vrrp::Trigger>(plan, "trigger", kTriggerNames);
      std::vector<vrrp::Action> actions;
      if (!ActionReader::ReadList(plan, name, &actions)) return false;
      const auto next = ReadName<vrrp::Phase>(plan, "next", kPhaseNames);
      const bool is_reported = plan.Bool("isReported");
      if (!plan.ok()) return false;
      if (!program->AddPlan(phase, trigger, actions, next, is_reported)) {
        plan.Fail("trigger", "it has a plan already");
        return false;
      }
      if (!ReadGroupPart(plan, name, phase, trigger, program)) return false;
    }
    return true;
  }

  static bool ReadGroupPart(FieldReader& plan, const std::string& name, vrrp::Phase phase,
                            vrrp::Trigger trigger, vrrp::Program* program) {
    if (!plan.Value("whileOthersWait").IsNull()) {
      std::vector<vrrp::Action> waiting;
      if (!ActionReader::ReadList(plan, name, &waiting, "whileOthersWait")) return false;
      program->AwaitGroup(phase, trigger, waiting);
    }
    if (const auto pulls = plan.NullableString("pulls")) {
      const auto pulled = ValueOf<vrrp::Trigger>(kTriggerNames, *pulls);
      if (!pulled || *pulled < vrrp::Trigger::kGroupActive) {
        plan.Fail("pulls", "a trigger of the group is expected");
        return false;
      }
      program->Pull(phase, trigger, *pulled);
    }
    return plan.ok();
  }

  bool ReadIgnored(FieldReader& ignored, vrrp::Phase phase, vrrp::Program* program) {
    const char* const phase_name = NameOf(kPhaseNames, phase);
    const Napi::Array list = ignored.Array(phase_name);
    if (!ignored.ok()) return false;
    for (uint32_t index = 0; index < list.Length(); ++index) {
      const Napi::Value name = list.Get(index);
      const auto trigger = name.IsString() ? ValueOf<vrrp::Trigger>(
                                                 kTriggerNames, name.As<Napi::String>().Utf8Value())
                                           : std::nullopt;
      if (!trigger) {
        ignored.Fail(Item(phase_name, index).c_str(), "a trigger is expected");
        return false;
      }
      program->Ignore(phase, *trigger);
    }
    return true;
  }

  std::string name_;
  FieldReader fields_;
};

}  // namespace

std::optional<vrrp::Order> ReadOrder(const Napi::Value& value) {
  FieldReader reader(value, "order");
  vrrp::Order order;
  order.order = reader.Integer("order", 0, kMaxSafeInteger);
  order.epoch = reader.Integer("epoch", 0, kMaxSafeInteger);
  if (!ActionReader::ReadList(reader, "order", &order.actions)) return std::nullopt;
  ProgramReader program(reader.Value("program"), "order.program");
  if (!program.Read(&order.program) || !reader.ok()) return std::nullopt;
  return order;
}

std::optional<std::vector<vrrp::Pacing>> ReadPacing(const Napi::Value& value) {
  if (!value.IsArray()) {
    Napi::TypeError::New(value.Env(), "groups: an array is expected").ThrowAsJavaScriptException();
    return std::nullopt;
  }
  const auto list = value.As<Napi::Array>();
  std::vector<vrrp::Pacing> groups;
  for (uint32_t index = 0; index < list.Length(); ++index) {
    FieldReader reader(list.Get(index), Item("groups", index));
    vrrp::Pacing& group = groups.emplace_back();
    group.garp_interval_us = reader.Integer("garpIntervalUs", 0, kMaxUs);
    group.gna_interval_us = reader.Integer("gnaIntervalUs", 0, kMaxUs);
    const Napi::Array interfaces = reader.Array("interfaces");
    if (!reader.ok()) return std::nullopt;
    for (uint32_t position = 0; position < interfaces.Length(); ++position) {
      const Napi::Value ifindex = interfaces.Get(position);
      if (!ifindex.IsNumber()) {
        reader.Fail("interfaces", "interface indexes are expected");
        return std::nullopt;
      }
      group.interfaces.push_back(ifindex.As<Napi::Number>().Int32Value());
    }
  }
  return groups;
}

std::optional<vrrp::LoopOptions> ReadLoopOptions(const Napi::Value& value) {
  FieldReader reader(value, "options");
  const vrrp::LoopOptions options{.lease_us = reader.Integer("leaseUs", 0, kMaxUs)};
  if (!reader.ok()) return std::nullopt;
  return options;
}

std::optional<vrrp::LoopBuffers> ReadLoopBuffers(const Napi::Value& value) {
  FieldReader reader(value, "buffers");
  const Napi::Value monitor = reader.Value("monitor");
  const Napi::Value command = reader.Value("command");
  vrrp::LoopBuffers buffers;
  if (!reader.ok() || !ReadNetlinkBuffer(monitor, "buffers.monitor", &buffers.monitor) ||
      !ReadNetlinkBuffer(command, "buffers.command", &buffers.command)) {
    return std::nullopt;
  }
  return buffers;
}

Napi::Value MakeVrrpCounters(Napi::Env env, const vrrp::Counters& counters) {
  const auto number = [env](const std::atomic<uint64_t>& counter) {
    return Napi::Number::New(env, static_cast<double>(counter.load(std::memory_order_relaxed)));
  };
  Napi::Object dropped = Napi::Object::New(env);
  for (size_t reason = 0; reason < vrrp::kDropReasons; ++reason) {
    dropped.Set(kDropReasonNames[reason], number(counters.dropped[reason]));
  }
  Napi::Object made = Napi::Object::New(env);
  made.Set("advertsSent", number(counters.adverts_sent));
  made.Set("advertsReceived", number(counters.adverts_received));
  made.Set("priorityZeroSent", number(counters.priority_zero_sent));
  made.Set("priorityZeroReceived", number(counters.priority_zero_received));
  made.Set("announcementsSent", number(counters.announcements_sent));
  made.Set("dropped", dropped);
  return made;
}

}  // namespace holdfast::binding
