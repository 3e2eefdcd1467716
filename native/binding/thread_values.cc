#include "binding/thread_values.h"

#include <cstdint>
#include <cstring>
#include <optional>

#include "binding/values.h"

namespace holdfast::binding {

namespace {

constexpr int kMostCpus = 4096;

std::optional<ThreadArrangement> ReadArrangement(const Napi::Value& value) {
  FieldReader reader(value, "settings");
  ThreadArrangement arrangement{
      .name = reader.String("name"),
      .niceness = static_cast<int>(reader.Integer("niceness", -20, 19)),
      .realtime_priority = static_cast<int>(reader.Integer("realtimePriority", 0, 99)),
      .cpus = {},
      .is_memory_locked = reader.Bool("isMemoryLocked")};
  const Napi::Array cpus = reader.Array("cpus");
  if (!reader.ok()) return std::nullopt;
  for (uint32_t index = 0; index < cpus.Length(); ++index) {
    const Napi::Value cpu = cpus.Get(index);
    const double number = cpu.IsNumber() ? cpu.As<Napi::Number>().DoubleValue() : -1;
    if (!(number >= 0 && number < kMostCpus) || number != static_cast<int>(number)) {
      reader.Fail("cpus", "numbers of CPUs are expected");
      return std::nullopt;
    }
    arrangement.cpus.push_back(static_cast<int>(number));
  }
  return arrangement;
}

}  // namespace

Napi::Value ArrangeLoop(Napi::Env env, const Napi::Value& settings, const LoopThread& thread) {
  const auto arrangement = ReadArrangement(settings);
  if (!arrangement) return env.Undefined();
  Napi::Array made = Napi::Array::New(env);
  for (const auto& [syscall, error] : thread.Arrange(*arrangement)) {
    made.Set(made.Length(), MakeSyscallFailure(env, syscall, error, strerror(error)));
  }
  return made;
}

}  // namespace holdfast::binding
