#include "binding/values.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include <cmath>
#include <utility>

namespace holdfast::binding {

FieldReader::FieldReader(const Napi::Value& value, std::string name)
    : env_(value.Env()), name_(std::move(name)) {
  // A worker that is being terminated: there is no value, and no environment to complain to.
  if (value.IsEmpty()) {
    ok_ = false;
  } else if (env_.IsExceptionPending()) {
    ok_ = false;
  } else if (!value.IsObject()) {
    ok_ = false;
    Napi::TypeError::New(env_, name_ + ": an object is expected").ThrowAsJavaScriptException();
  } else {
    object_ = value.As<Napi::Object>();
  }
}

void FieldReader::Fail(const char* field, const std::string& expected) {
  if (!ok_) return;
  ok_ = false;
  if (env_.IsExceptionPending()) return;
  Napi::TypeError::New(env_, name_ + "." + field + ": " + expected).ThrowAsJavaScriptException();
}

Napi::Value FieldReader::Get(const char* field) {
  if (!ok_) return {};
  Napi::Value value = object_.Get(field);
  if (!env_.IsExceptionPending()) return value;
  ok_ = false;
  return {};
}

Napi::Value FieldReader::Value(const char* field) { return Get(field); }

std::string FieldReader::String(const char* field) {
  const Napi::Value value = Get(field);
  if (ok_ && value.IsString()) return value.As<Napi::String>().Utf8Value();
  Fail(field, "a string is expected");
  return {};
}

std::optional<std::string> FieldReader::NullableString(const char* field) {
  const Napi::Value value = Get(field);
  if (ok_ && value.IsNull()) return std::nullopt;
  if (ok_ && value.IsString()) return value.As<Napi::String>().Utf8Value();
  Fail(field, "a string or null is expected");
  return std::nullopt;
}

bool FieldReader::Bool(const char* field) {
  const Napi::Value value = Get(field);
  if (ok_ && value.IsBoolean()) return value.As<Napi::Boolean>().Value();
  Fail(field, "a boolean is expected");
  return false;
}

int64_t FieldReader::Integer(const char* field, int64_t low, int64_t high) {
  const Napi::Value value = Get(field);
  if (ok_ && value.IsNumber()) {
    const double number = value.As<Napi::Number>().DoubleValue();
    if (std::trunc(number) == number && number >= static_cast<double>(low) &&
        number <= static_cast<double>(high)) {
      return static_cast<int64_t>(number);
    }
  }
  Fail(field, "a whole number from " + std::to_string(low) + " to " + std::to_string(high) +
                  " is expected");
  return low > 0 ? low : 0;
}

std::optional<int64_t> FieldReader::NullableInteger(const char* field, int64_t low, int64_t high) {
  if (Get(field).IsNull()) return std::nullopt;
  return Integer(field, low, high);
}

Napi::Array FieldReader::Array(const char* field) {
  const Napi::Value value = Get(field);
  if (ok_ && value.IsArray()) return value.As<Napi::Array>();
  Fail(field, "an array is expected");
  return Napi::Array();
}

int FieldReader::Family(const char* field) {
  const std::string family = String(field);
  if (family == "inet") return AF_INET;
  if (family == "inet6") return AF_INET6;
  Fail(field, "\"inet\" or \"inet6\" is expected");
  return AF_UNSPEC;
}

const char* ErrorName(int error_number) {
  const char* const name = strerrorname_np(error_number);
  return name != nullptr ? name : "EUNKNOWN";
}

namespace {

Napi::Error MakeNativeError(Napi::Env env, const std::string& code, int error_number,
                            const std::string& syscall, const std::string& message) {
  Napi::Error error = Napi::Error::New(env, message);
  Napi::Object fields = error.Value();
  fields.Set("code", code);
  fields.Set("errno", error_number == 0 ? env.Null() : Napi::Number::New(env, error_number));
  fields.Set("syscall", syscall.empty() ? env.Null() : Napi::String::New(env, syscall));
  return error;
}

}  // namespace

void ThrowNativeError(Napi::Env env, const std::string& code, int error_number,
                      const std::string& syscall, const std::string& message) {
  MakeNativeError(env, code, error_number, syscall, message).ThrowAsJavaScriptException();
}

Napi::Error MakeSyscallError(Napi::Env env, int error_number, const std::string& syscall) {
  const char* const name = ErrorName(error_number);
  return MakeNativeError(env, name, error_number, syscall,
                         syscall + ": " + name + ": " + strerror(error_number));
}

void ThrowSyscallError(Napi::Env env, int error_number, const std::string& syscall) {
  MakeSyscallError(env, error_number, syscall).ThrowAsJavaScriptException();
}

void ThrowClosed(Napi::Env env, const char* what) {
  ThrowNativeError(env, "ERR_CLOSED", 0, "", std::string(what) + " is closed");
}

Napi::Object MakeSyscallFailure(Napi::Env env, const std::string& syscall, int error_number,
                                const std::string& message) {
  Napi::Object failure = Napi::Object::New(env);
  failure.Set("syscall", syscall);
  failure.Set("errno", error_number);
  failure.Set("code", ErrorName(error_number));
  failure.Set("message", message.empty() ? std::string(strerror(error_number)) : message);
  return failure;
}

Napi::Value NullableString(Napi::Env env, const std::optional<std::string>& text) {
  if (!text) return env.Null();
  return Napi::String::New(env, *text);
}

Napi::Object MakeTimeHistogram(Napi::Env env, const TimeHistogram& histogram) {
  const auto number = [env](uint64_t value) {
    return Napi::Number::New(env, static_cast<double>(value));
  };
  Napi::Array bounds = Napi::Array::New(env, TimeHistogram::kBoundsUs.size());
  Napi::Array counts = Napi::Array::New(env, TimeHistogram::kBuckets);
  for (uint32_t index = 0; index < TimeHistogram::kBuckets; ++index) {
    counts.Set(index, number(histogram.bucket(index)));
    if (index < TimeHistogram::kBoundsUs.size()) {
      bounds.Set(index, number(static_cast<uint64_t>(TimeHistogram::kBoundsUs[index])));
    }
  }
  Napi::Object made = Napi::Object::New(env);
  made.Set("boundsUs", bounds);
  made.Set("counts", counts);
  made.Set("sumUs", number(histogram.sum_us()));
  return made;
}

bool ReadNetlinkBuffer(const Napi::Value& value, const std::string& name,
                       std::optional<netlink::ReceiveBuffer>* buffer) {
  buffer->reset();
  if (value.IsNull()) return true;
  FieldReader reader(value, name);
  const auto bytes =
      static_cast<int>(reader.Integer("sizeBytes", 1, std::numeric_limits<int>::max()));
  const bool is_forced = reader.Bool("isForced");
  if (!reader.ok()) return false;
  *buffer = netlink::ReceiveBuffer{.bytes = bytes, .is_forced = is_forced};
  return true;
}

Napi::Object MakeLoopHealth(Napi::Env env, uint64_t heartbeats, uint64_t commands,
                            uint64_t events_lost, const LatenessSummary& lateness) {
  const auto number = [env](uint64_t value) {
    return Napi::Number::New(env, static_cast<double>(value));
  };
  Napi::Object summary = Napi::Object::New(env);
  summary.Set("count", number(lateness.count));
  summary.Set("p50Us", number(lateness.p50_us));
  summary.Set("p99Us", number(lateness.p99_us));
  summary.Set("maxUs", number(lateness.max_us));
  Napi::Object health = Napi::Object::New(env);
  health.Set("heartbeats", number(heartbeats));
  health.Set("commands", number(commands));
  health.Set("eventsLost", number(events_lost));
  health.Set("lateness", summary);
  return health;
}

}  // namespace holdfast::binding
