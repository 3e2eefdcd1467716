#include "binding/host.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstddef>
#include <cstring>
#include <string>

#include "binding/factory.h"
#include "binding/values.h"
#include "loop/clock.h"
#include "loop/unique_fd.h"

namespace holdfast::binding {

namespace {

/** contract.ts `DatagramSender` */
class DatagramSender : public Napi::ObjectWrap<DatagramSender> {
 public:
  static Napi::Function Define(Napi::Env env) {
    return DefineClass(env, "DatagramSender",
                       {InstanceMethod<&DatagramSender::Send>("send"),
                        InstanceMethod<&DatagramSender::Close>("close")});
  }

  explicit DatagramSender(const Napi::CallbackInfo& info) : Napi::ObjectWrap<DatagramSender>(info) {
    const Napi::Env env = info.Env();
    if (info.Length() < 1 || !info[0].IsString()) {
      Napi::TypeError::New(env, "path: a string is expected").ThrowAsJavaScriptException();
      return;
    }
    Connect(env, info[0].As<Napi::String>().Utf8Value());
  }

 private:
  void Connect(Napi::Env env, std::string path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.empty() || path.size() >= sizeof address.sun_path) {
      Napi::TypeError::New(env, "path: 1 to 107 octets are expected").ThrowAsJavaScriptException();
      return;
    }
    if (path[0] == '@') path[0] = '\0';
    memcpy(address.sun_path, path.data(), path.size());
    const auto length =
        static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + (path[0] ? 1 : 0));
    fd_.Reset(socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!fd_.is_open()) return ThrowSyscallError(env, errno, "socket");
    if (connect(fd_.get(), reinterpret_cast<const sockaddr*>(&address), length) != 0) {
      const int error = errno;
      fd_.Reset();
      ThrowSyscallError(env, error, "connect");
    }
  }

  Napi::Value Send(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    if (!fd_.is_open()) {
      ThrowClosed(env, "DatagramSender");
      return env.Undefined();
    }
    if (info.Length() < 1 || !info[0].IsTypedArray()) {
      Napi::TypeError::New(env, "message: a Uint8Array is expected").ThrowAsJavaScriptException();
      return env.Undefined();
    }
    const auto message = info[0].As<Napi::Uint8Array>();
    const ssize_t sent = send(fd_.get(), message.Data(), message.ByteLength(), MSG_NOSIGNAL);
    return Napi::Boolean::New(env, sent == static_cast<ssize_t>(message.ByteLength()));
  }

  void Close(const Napi::CallbackInfo&) { fd_.Reset(); }

  UniqueFd fd_;
};

Napi::Value MonotonicNowUs(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), static_cast<double>(MonotonicUs()));
}

Napi::Value TryLockFile(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (info.Length() < 1 || !info[0].IsNumber()) {
    Napi::TypeError::New(env, "fd: a number is expected").ThrowAsJavaScriptException();
    return env.Undefined();
  }
  struct flock whole{};
  whole.l_type = F_WRLCK;
  whole.l_whence = SEEK_SET;
  if (fcntl(info[0].As<Napi::Number>().Int32Value(), F_OFD_SETLK, &whole) == 0) {
    return Napi::Boolean::New(env, true);
  }
  if (errno == EAGAIN || errno == EACCES) return Napi::Boolean::New(env, false);
  ThrowSyscallError(env, errno, "fcntl");
  return env.Undefined();
}

Napi::Value EnterNetworkNamespace(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (info.Length() < 1 || !info[0].IsString()) {
    Napi::TypeError::New(env, "path: a string is expected").ThrowAsJavaScriptException();
    return env.Undefined();
  }
  const UniqueFd fd(open(info[0].As<Napi::String>().Utf8Value().c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.is_open()) {
    ThrowSyscallError(env, errno, "open");
  } else if (setns(fd.get(), CLONE_NEWNET) != 0) {
    ThrowSyscallError(env, errno, "setns");
  }
  return env.Undefined();
}

Napi::Value LimitRealtime(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  constexpr double kLongestUs = 4'294'967'295;
  const double us = info[0].IsNumber() ? info[0].As<Napi::Number>().DoubleValue() : 0;
  if (!info[0].IsNull() && !(us >= 1 && us <= kLongestUs)) {
    Napi::TypeError::New(env, "limitUs: microseconds, 1 to 4294967295, or null are expected")
        .ThrowAsJavaScriptException();
    return env.Undefined();
  }
  rlimit limit{};
  if (getrlimit(RLIMIT_RTTIME, &limit) != 0) {
    ThrowSyscallError(env, errno, "getrlimit");
    return env.Undefined();
  }
  limit.rlim_cur = info[0].IsNull() ? limit.rlim_max : static_cast<rlim_t>(us);
  if (limit.rlim_cur > limit.rlim_max) limit.rlim_cur = limit.rlim_max;
  if (setrlimit(RLIMIT_RTTIME, &limit) != 0) ThrowSyscallError(env, errno, "setrlimit");
  return env.Undefined();
}

/** Both limits where the process may raise them, else the soft one up to the hard one. */
Napi::Value UnlimitCoreDumps(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const rlimit unlimited{.rlim_cur = RLIM_INFINITY, .rlim_max = RLIM_INFINITY};
  if (setrlimit(RLIMIT_CORE, &unlimited) == 0) return env.Undefined();
  const int error = errno;
  rlimit allowed{};
  if (getrlimit(RLIMIT_CORE, &allowed) == 0) {
    allowed.rlim_cur = allowed.rlim_max;
    setrlimit(RLIMIT_CORE, &allowed);
  }
  ThrowSyscallError(env, error, "setrlimit");
  return env.Undefined();
}

/**
 * glibc raises by itself, up to 64 MiB, what may lie free at the end of each thread's heap, and
 * malloc_trim() leaves that part alone.
 */
void TightenHeap(const Napi::CallbackInfo&) {
#ifdef __GLIBC__
  constexpr int kUsualThresholdBytes = 128 * 1'024;
  mallopt(M_TRIM_THRESHOLD, kUsualThresholdBytes);
  malloc_trim(0);
#endif
}

}  // namespace

void InitHost(Napi::Env env, Napi::Object exports) {
  exports.Set("monotonicUs", Napi::Function::New(env, MonotonicNowUs, "monotonicUs"));
  exports.Set("tryLockFile", Napi::Function::New(env, TryLockFile, "tryLockFile"));
  exports.Set("enterNetworkNamespace",
              Napi::Function::New(env, EnterNetworkNamespace, "enterNetworkNamespace"));
  exports.Set("tightenHeap", Napi::Function::New(env, TightenHeap, "tightenHeap"));
  exports.Set("limitRealtime", Napi::Function::New(env, LimitRealtime, "limitRealtime"));
  exports.Set("unlimitCoreDumps", Napi::Function::New(env, UnlimitCoreDumps, "unlimitCoreDumps"));
  ExportFactory<DatagramSender>(env, exports, "openDatagram");
}

}  // namespace holdfast::binding
