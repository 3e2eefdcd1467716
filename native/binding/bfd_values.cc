#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>

#include "binding/values.h"
#include "binding/vrrp_names.h"
#include "binding/vrrp_values.h"

namespace holdfast::binding {

namespace {

constexpr uint8_t kDiagMax = 31;

vrrp::IpAddress ReadAddress(FieldReader& reader, const char* field, int family,
                            const std::string& text) {
  const auto address = vrrp::IpAddress::Parse(family, text);
  if (!address) reader.Fail(field, "an address of the session's family is expected");
  return address.value_or(vrrp::IpAddress{});
}

bool ReadReaction(FieldReader& reader, bfd::Reaction* reaction) {
  const auto next = ValueOf<bfd::SessionState>(kSessionStateNames, reader.String("next"));
  if (!next || *next == bfd::SessionState::kAdminDown) {
    reader.Fail("next", "down, init or up is expected");
    return false;
  }
  reaction->next = *next;
  if (const auto diag = reader.NullableInteger("localDiag", 0, kDiagMax)) {
    reaction->local_diag = static_cast<uint8_t>(*diag);
  }
  reaction->forgets_peer = reader.Bool("forgetsPeer");
  reaction->polls = reader.Bool("polls");
  reaction->sends = reader.Bool("sends");
  if (const auto tells = reader.NullableString("tells")) {
    if (*tells != "up" && *tells != "down") reader.Fail("tells", "up, down or null is expected");
    reaction->tells_up = *tells == "up";
  }
  return reader.ok();
}

bool ReadProgram(FieldReader reader, bfd::Program* program) {
  FieldReader intervals(reader.Value("desiredMinTxUs"), "session.program.desiredMinTxUs");
  FieldReader states(reader.Value("reactions"), "session.program.reactions");
  // From Down on: nobody is in AdminDown by a packet.
  for (auto state = static_cast<size_t>(bfd::SessionState::kDown); state < bfd::kStates; ++state) {
    const char* const name = kSessionStateNames[state];
    program->desired_min_tx_us[state] = intervals.Integer<uint32_t>(name);
    const std::string path = std::string("session.program.reactions.") + name;
    FieldReader triggers(states.Value(name), path);
    for (size_t trigger = 0; trigger < bfd::kTriggers; ++trigger) {
      const char* const trigger_name = kSessionTriggerNames[trigger];
      FieldReader reaction(triggers.Value(trigger_name), path + "." + trigger_name);
      if (!ReadReaction(reaction, &program->reactions[state][trigger])) return false;
    }
    if (!triggers.ok()) return false;
  }
  return reader.ok() && intervals.ok() && states.ok();
}

}  // namespace

std::optional<bfd::Settings> ReadSession(const Napi::Value& value) {
  FieldReader reader(value, "session");
  bfd::Settings settings;
  const int family = reader.Family("family");
  settings.neighbor =
      ReadAddress(reader, "neighborAddress", family, reader.String("neighborAddress"));
  if (const auto source = reader.NullableString("sourceAddress")) {
    settings.source = ReadAddress(reader, "sourceAddress", family, *source);
  }
  if (const auto name = reader.NullableString("interfaceName")) {
    if (name->empty() || name->size() >= settings.interface_name.size()) {
      reader.Fail("interfaceName", "1 to 15 octets are expected");
      return std::nullopt;
    }
    std::ranges::copy(*name, settings.interface_name.begin());
  }
  settings.port = static_cast<uint16_t>(reader.Integer("port", 1, 65'535));
  settings.ttl = static_cast<uint8_t>(reader.Integer("ttl", 1, 255));
  settings.min_ttl = static_cast<uint8_t>(reader.Integer("minTtl", 0, 255));
  settings.detect_mult = static_cast<uint8_t>(reader.Integer("detectMult", 1, 255));
  settings.required_min_rx_us = reader.Integer<uint32_t>("requiredMinRxUs");
  settings.is_passive = reader.Bool("isPassive");
  const Napi::Value program = reader.Value("program");
  if (!reader.ok()) return std::nullopt;
  if (!ReadProgram(FieldReader(program, "session.program"), &settings.program)) {
    return std::nullopt;
  }
  return settings;
}

Napi::Value MakeSessionStatus(Napi::Env env, const bfd::Status& status) {
  const auto number = [env](const std::atomic<uint64_t>& counter) {
    return Napi::Number::New(env, static_cast<double>(counter.load(std::memory_order_relaxed)));
  };
  Napi::Object dropped = Napi::Object::New(env);
  for (size_t reason = 0; reason < bfd::kDropReasons; ++reason) {
    dropped.Set(kSessionDropReasonNames[reason], number(status.dropped[reason]));
  }
  Napi::Object made = Napi::Object::New(env);
  made.Set("state", NameOf(kSessionStateNames, status.state.load()));
  made.Set("isUp", status.is_told_up.load());
  made.Set("packetsSent", number(status.packets_sent));
  made.Set("packetsReceived", number(status.packets_received));
  made.Set("dropped", dropped);
  return made;
}

}  // namespace holdfast::binding
