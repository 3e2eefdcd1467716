#include "binding/probe_values.h"

#include <net/if.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <string>
#include <utility>

#include "binding/values.h"
#include "probe/address.h"

namespace holdfast::binding {

namespace {

/** A year: longer waits are mistakes, and sums of times stay far from overflow. */
constexpr int64_t kMaxDelayUs = int64_t{366} * 86'400 * 1'000'000;
constexpr int64_t kMaxOffset = INT32_MAX;

const char* ReasonName(probe::Reason reason) {
  switch (reason) {
    case probe::Reason::kOk:
      return "ok";
    case probe::Reason::kRefused:
      return "refused";
    case probe::Reason::kTimeout:
      return "timeout";
    case probe::Reason::kUnreachable:
      return "unreachable";
    case probe::Reason::kReset:
      return "reset";
    case probe::Reason::kMismatch:
      return "mismatch";
    case probe::Reason::kOther:
      return "other";
  }
  return "other";
}

/** In the order of `probe::Kind`. */
constexpr std::array<const char*, probe::kKinds> kKindNames{"tcp",  "icmp", "udp",
                                                            "http", "smtp", "syn"};

probe::Kind ReadKind(FieldReader& reader) {
  const std::string kind = reader.String("kind");
  const auto found = std::ranges::find(kKindNames, kind);
  if (found == kKindNames.end()) {
    reader.Fail("kind", "\"tcp\", \"icmp\", \"udp\", \"http\", \"smtp\" or \"syn\" is expected");
    return probe::Kind::kTcp;
  }
  return static_cast<probe::Kind>(found - kKindNames.begin());
}

void ReadAddresses(FieldReader& reader, probe::ProbeSpec* spec) {
  const int family = reader.Family("family");
  const std::string address = reader.String("address");
  const auto port = reader.Integer<uint16_t>("port");
  const auto bind_address = reader.NullableString("bindAddress");
  const auto bind_port = reader.Integer<uint16_t>("bindPort");
  if (!reader.ok()) return;
  if (spec->kind == probe::Kind::kSyn && bind_port != 0) {
    return reader.Fail("bindPort", "0 is expected: the prober reserves the ports of its SYNs");
  }
  const auto parsed = probe::ParseAddress(family, address, port);
  if (!parsed) return reader.Fail("address", "an address of the family is expected");
  spec->address = *parsed;
  if (bind_address) {
    spec->bind_address = probe::ParseAddress(family, *bind_address, bind_port);
    if (!spec->bind_address) reader.Fail("bindAddress", "an address of the family is expected");
  } else if (bind_port != 0) {
    spec->bind_address = probe::AnyAddress(family, bind_port);
  }
}

void ReadInterface(FieldReader& reader, probe::ProbeSpec* spec) {
  const auto name = reader.NullableString("bindInterface");
  if (!name) return;
  if (name->empty() || name->size() >= IFNAMSIZ) {
    return reader.Fail("bindInterface", "a name of 1 to 15 octets or null is expected");
  }
  memcpy(spec->bind_interface.data(), name->data(), name->size());
}

/** @returns whether all is well */
bool ReadUdp(FieldReader& target, probe::ProbeSpec* spec) {
  if (spec->kind != probe::Kind::kUdp || !target.ok()) return target.ok();
  const Napi::Value value = target.Value("udp");
  if (!target.ok()) return false;
  FieldReader reader(value, "target.udp");
  auto exchange = std::make_shared<probe::UdpExchange>();
  const auto payload = probe::ParseMaskedHex(reader.String("payload"));
  const auto reply = probe::ParseMaskedHex(reader.String("reply"));
  exchange->requires_reply = reader.Bool("requiresReply");
  exchange->min_reply_bytes = reader.Integer<uint16_t>("minReplyBytes");
  exchange->max_reply_bytes = reader.Integer<uint16_t>("maxReplyBytes");
  if (reader.ok() && !payload) reader.Fail("payload", "hexadecimal digits are expected");
  if (reader.ok() && !reply) reader.Fail("reply", "hexadecimal digits and x are expected");
  if (!reader.ok()) return false;
  exchange->payload = payload->value;
  exchange->reply = reply->value;
  exchange->reply_mask = reply->mask;
  spec->udp = std::move(exchange);
  return true;
}

/** Pairs of first and last code. */
void ReadStatusRanges(FieldReader& reader, probe::HttpExchange* exchange) {
  const Napi::Array codes = reader.Array("statusCodes");
  if (!reader.ok()) return;
  for (uint32_t index = 0; index < codes.Length(); ++index) {
    const Napi::Value value = codes.Get(index);
    FieldReader range(value, "target.http.statusCodes");
    const auto from = static_cast<uint16_t>(range.Integer("from", 100, 999));
    const auto to = static_cast<uint16_t>(range.Integer("to", 100, 999));
    if (!range.ok()) return;
    exchange->status_ranges.push_back({from, to});
  }
}

/** `target.http.regex`, null for none. */
void ReadRegex(FieldReader& http, probe::HttpExchange* exchange) {
  const Napi::Value value = http.Value("regex");
  if (!http.ok() || value.IsNull()) return;
  const auto spec = ReadProbeRegex(value);
  if (spec) exchange->regex = std::make_shared<probe::HttpRegex>(*spec);
}

/** @returns whether all is well */
bool ReadHttp(FieldReader& target, probe::ProbeSpec* spec) {
  if (spec->kind != probe::Kind::kHttp || !target.ok()) return target.ok();
  const Napi::Value value = target.Value("http");
  if (!target.ok()) return false;
  spec->http = ReadProbeHttp(value);
  return spec->http != nullptr;
}

/** A name with a line end would be commands of its own. @returns whether all is well */
bool ReadSmtp(FieldReader& target, probe::ProbeSpec* spec) {
  if (spec->kind != probe::Kind::kSmtp || !target.ok()) return target.ok();
  const Napi::Value value = target.Value("smtp");
  if (!target.ok()) return false;
  FieldReader reader(value, "target.smtp");
  const std::string name = reader.String("heloName");
  if (reader.ok() && (name.empty() || name.find_first_of("\r\n") != std::string::npos)) {
    reader.Fail("heloName", "a name without line ends is expected");
  }
  if (!reader.ok()) return false;
  spec->helo_name = std::make_shared<const std::string>(name);
  return true;
}

}  // namespace

const char* ProbeStageName(probe::Stage stage) {
  switch (stage) {
    case probe::Stage::kRoute:
      return "route";
    case probe::Stage::kConnect:
      return "connect";
    case probe::Stage::kAnswer:
      return "answer";
    case probe::Stage::kStatus:
      return "status";
    case probe::Stage::kDigest:
      return "digest";
    case probe::Stage::kRegex:
      return "regex";
    case probe::Stage::kGreeting:
      return "greeting";
    case probe::Stage::kHelo:
      return "helo";
    case probe::Stage::kQuit:
      return "quit";
  }
  return "connect";
}

std::optional<probe::HttpRegexSpec> ReadProbeRegex(const Napi::Value& value) {
  FieldReader reader(value, "target.http.regex");
  probe::HttpRegexSpec spec;
  spec.pattern = reader.String("pattern");
  const Napi::Array options = reader.Array("options");
  if (!reader.ok()) return std::nullopt;
  for (uint32_t index = 0; index < options.Length(); ++index) {
    spec.options.push_back(options.Get(index).ToString());
  }
  spec.is_negated = reader.Bool("isNegated");
  spec.min_offset = static_cast<size_t>(reader.Integer("minOffset", 0, kMaxOffset));
  const auto max_offset = reader.NullableInteger("maxOffset", 0, kMaxOffset);
  if (max_offset) spec.max_offset = static_cast<size_t>(*max_offset);
  if (!reader.ok()) return std::nullopt;
  return spec;
}

std::shared_ptr<const probe::HttpExchange> ReadProbeHttp(const Napi::Value& value) {
  FieldReader reader(value, "target.http");
  auto exchange = std::make_shared<probe::HttpExchange>();
  exchange->request = reader.String("request");
  const auto digest = reader.NullableString("digest");
  ReadStatusRanges(reader, exchange.get());
  ReadRegex(reader, exchange.get());
  if (reader.env().IsExceptionPending() || !reader.ok()) return nullptr;
  if (exchange->request.empty()) reader.Fail("request", "an HTTP request is expected");
  if (digest) exchange->digest = probe::ParseDigest(*digest);
  if (digest && !exchange->digest) reader.Fail("digest", "32 hexadecimal digits are expected");
  if (!reader.ok()) return nullptr;
  return exchange;
}

std::optional<probe::ProbeSpec> ReadProbeTarget(const Napi::Value& value) {
  FieldReader reader(value, "target");
  probe::ProbeSpec spec;
  spec.kind = ReadKind(reader);
  ReadAddresses(reader, &spec);
  ReadInterface(reader, &spec);
  spec.fwmark = reader.Integer<uint32_t>("fwmark");
  spec.timeout_us = reader.Integer("timeoutUs", 1, kMaxDelayUs);
  if (!ReadUdp(reader, &spec) || !ReadHttp(reader, &spec) || !ReadSmtp(reader, &spec)) {
    return std::nullopt;
  }
  return spec;
}

std::optional<probe::Schedule> ReadProbeSchedule(const Napi::Value& value) {
  FieldReader reader(value, "schedule");
  probe::Schedule schedule;
  const std::string expected = reader.String("expected");
  if (expected == "success") {
    schedule.expected = probe::Expected::kSuccess;
  } else if (expected == "failure") {
    schedule.expected = probe::Expected::kFailure;
  } else if (expected != "none") {
    reader.Fail("expected", "\"success\", \"failure\" or \"none\" is expected");
  }
  schedule.interval_us = reader.Integer("intervalUs", 1, kMaxDelayUs);
  schedule.unexpected_interval_us = reader.Integer("unexpectedIntervalUs", 1, kMaxDelayUs);
  if (!reader.ok()) return std::nullopt;
  return schedule;
}

Napi::Value MakeProbeEvent(Napi::Env env, const probe::ProbeEvent& event) {
  Napi::Object made = Napi::Object::New(env);
  made.Set("target", Napi::Number::New(env, event.target));
  made.Set("result", event.result == probe::Result::kSuccess ? "success" : "failure");
  made.Set("reason", ReasonName(event.reason));
  made.Set("stage", ProbeStageName(event.stage));
  made.Set("errno", Napi::Number::New(env, event.error_number));
  made.Set("latencyUs", Napi::Number::New(env, static_cast<double>(event.latency_us)));
  made.Set("atUs", Napi::Number::New(env, static_cast<double>(event.at_us)));
  return made;
}

namespace {

uint64_t ValueOf(const std::atomic<uint64_t>& counter) {
  return counter.load(std::memory_order_relaxed);
}

Napi::Number MakeCount(Napi::Env env, uint64_t count) {
  return Napi::Number::New(env, static_cast<double>(count));
}

struct KindCount {
  const char* name;
  std::atomic<uint64_t> probe::KindCounters::* counter;
};

constexpr std::array<KindCount, 4> kKindCounts{{{"succeeded", &probe::KindCounters::succeeded},
                                                {"failed", &probe::KindCounters::failed},
                                                {"local", &probe::KindCounters::local},
                                                {"late", &probe::KindCounters::late}}};

Napi::Object MakeKindCounters(Napi::Env env, const probe::KindCounters& counters) {
  Napi::Object made = Napi::Object::New(env);
  for (const auto& [name, counter] : kKindCounts) {
    made.Set(name, MakeCount(env, ValueOf(counters.*counter)));
  }
  made.Set("latency", MakeTimeHistogram(env, counters.latency));
  return made;
}

}  // namespace

Napi::Value MakeProbeCounters(Napi::Env env, const probe::ProbeCounters& counters) {
  Napi::Object made = Napi::Object::New(env);
  made.Set("started", MakeCount(env, ValueOf(counters.started)));
  made.Set("inFlight", MakeCount(env, ValueOf(counters.in_flight)));
  for (const auto& [name, counter] : kKindCounts) {
    uint64_t sum = 0;
    for (const probe::KindCounters& kind : counters.kinds) sum += ValueOf(kind.*counter);
    made.Set(name, MakeCount(env, sum));
  }
  Napi::Object kinds = Napi::Object::New(env);
  for (size_t kind = 0; kind < probe::kKinds; ++kind) {
    kinds.Set(kKindNames[kind], MakeKindCounters(env, counters.kinds[kind]));
  }
  made.Set("kinds", kinds);
  return made;
}

}  // namespace holdfast::binding
