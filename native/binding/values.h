#pragma once

#include <napi.h>

#include <cstdint>
#include <limits>
#include <optional>
#include <string>

#include "loop/lateness.h"
#include "loop/time_histogram.h"
#include "netlink/socket.h"

namespace holdfast::binding {

/**
 * Reads the fields of one JavaScript object. The first missing or wrong field leaves a TypeError
 * that names it pending; every later read then does nothing. Ask ok() once at the end.
 */
class FieldReader {
 public:
  /** @param name of the object in messages, for example `service` */
  FieldReader(const Napi::Value& value, std::string name);

  bool ok() const { return ok_; }
  Napi::Env env() const { return env_; }

  std::string String(const char* field);
  /** Null becomes nullopt. */
  std::optional<std::string> NullableString(const char* field);
  bool Bool(const char* field);
  /** A whole number in [low, high]. */
  int64_t Integer(const char* field, int64_t low, int64_t high);
  std::optional<int64_t> NullableInteger(const char* field, int64_t low, int64_t high);
  template <typename Number>
  Number Integer(const char* field) {
    return static_cast<Number>(
        Integer(field, std::numeric_limits<Number>::min(), std::numeric_limits<Number>::max()));
  }
  Napi::Array Array(const char* field);
  /** Any value, empty after a failure; the caller makes a FieldReader of it. */
  Napi::Value Value(const char* field);
  /** `family` as AF_INET or AF_INET6. */
  int Family(const char* field);

  /** Leaves a TypeError "<name>.<field>: <expected>". */
  void Fail(const char* field, const std::string& expected);

 private:
  Napi::Value Get(const char* field);

  Napi::Env env_;
  Napi::Object object_;
  std::string name_;
  bool ok_ = true;
};

/** Throws a NativeError: an Error with `code`, `errno` and `syscall`. */
void ThrowNativeError(Napi::Env env, const std::string& code, int error_number,
                      const std::string& syscall, const std::string& message);
/** As above for an errno, with its symbolic name and strerror text. */
void ThrowSyscallError(Napi::Env env, int error_number, const std::string& syscall);
/** A NativeError value, to reject a promise with. */
Napi::Error MakeSyscallError(Napi::Env env, int error_number, const std::string& syscall);
/** Throws `ERR_CLOSED`. */
void ThrowClosed(Napi::Env env, const char* what);

/** Symbolic name of an errno, for example `EEXIST`. */
const char* ErrorName(int error_number);

/** contract.ts `SyscallFailure` */
Napi::Object MakeSyscallFailure(Napi::Env env, const std::string& syscall, int error_number,
                                const std::string& message);

Napi::Value NullableString(Napi::Env env, const std::optional<std::string>& text);

/** contract.ts `TimeHistogram` */
Napi::Object MakeTimeHistogram(Napi::Env env, const TimeHistogram& histogram);

/**
 * contract.ts `NetlinkBuffer`.
 * @returns false when a TypeError that names the field is pending
 */
bool ReadNetlinkBuffer(const Napi::Value& value, const std::string& name,
                       std::optional<netlink::ReceiveBuffer>* buffer);

/** contract.ts `LoopHealth` */
Napi::Object MakeLoopHealth(Napi::Env env, uint64_t heartbeats, uint64_t commands,
                            uint64_t events_lost, const LatenessSummary& lateness);

}  // namespace holdfast::binding
