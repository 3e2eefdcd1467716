#include "binding/http_response.h"

#include <sys/socket.h>

#include <cstdint>
#include <memory>
#include <span>
#include <utility>

#include "binding/factory.h"
#include "binding/probe_values.h"
#include "binding/values.h"
#include "probe/http_exchange.h"
#include "probe/http_probe.h"
#include "probe/http_reader.h"
#include "probe/http_regex.h"
#include "probe/stream_socket.h"

namespace holdfast::binding {

namespace {

/** contract.ts `HttpResponse` */
class HttpResponseWrap : public Napi::ObjectWrap<HttpResponseWrap> {
 public:
  static Napi::Function Define(Napi::Env env) {
    return DefineClass(env, "HttpResponse",
                       {InstanceMethod<&HttpResponseWrap::Begin>("begin"),
                        InstanceMethod<&HttpResponseWrap::Feed>("feed"),
                        InstanceMethod<&HttpResponseWrap::Fault>("fault")});
  }

  explicit HttpResponseWrap(const Napi::CallbackInfo& info)
      : Napi::ObjectWrap<HttpResponseWrap>(info), exchange_(ReadProbeHttp(info[0])) {}

 private:
  void Begin(const Napi::CallbackInfo&) {
    reader_ =
        std::make_unique<probe::HttpReader>(exchange_->regex ? probe::HttpRegex::kMaxBodyBytes : 0);
  }

  Napi::Value Feed(const Napi::CallbackInfo& info) {
    if (!info[0].IsTypedArray() ||
        info[0].As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array) {
      Napi::TypeError::New(info.Env(), "octets: a Uint8Array is expected")
          .ThrowAsJavaScriptException();
      return info.Env().Undefined();
    }
    const auto octets = info[0].As<Napi::Uint8Array>();
    if (!reader_) return Napi::Boolean::New(info.Env(), true);
    const auto state = reader_->Feed(std::span(octets.Data(), octets.ByteLength()));
    const bool is_over =
        state == probe::HttpReader::State::kDone || state == probe::HttpReader::State::kBad;
    return Napi::Boolean::New(info.Env(), is_over);
  }

  /** Between checks nothing of a response stays. */
  Napi::Value Fault(const Napi::CallbackInfo& info) {
    const std::unique_ptr<probe::HttpReader> reader = std::move(reader_);
    if (!reader) return Napi::String::New(info.Env(), ProbeStageName(probe::Stage::kAnswer));
    reader->Finish();
    const probe::HttpFault fault = FindFault(*exchange_, *reader);
    if (fault == probe::HttpFault::kNone) return info.Env().Null();
    return Napi::String::New(info.Env(), ProbeStageName(StageOf(fault)));
  }

  /** Null only when the constructor threw. */
  std::shared_ptr<const probe::HttpExchange> exchange_;
  std::unique_ptr<probe::HttpReader> reader_;
};

/** @returns a file descriptor, or a negative errno */
Napi::Value ConnectStream(const Napi::CallbackInfo& info) {
  const auto spec = ReadProbeTarget(info[0]);
  if (!spec) return info.Env().Undefined();
  probe::StreamSocket stream = probe::ConnectStream(*spec, probe::FirstWord::kOurs);
  if (!stream.fd.is_open()) return Napi::Number::New(info.Env(), -stream.error_number);
  // Closing resets, as all probes do: no TIME_WAIT stays.
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  setsockopt(stream.fd.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  return Napi::Number::New(info.Env(), stream.fd.Release());
}

/** @returns why a pattern does not compile, empty when it does */
Napi::Value RegexProblem(const Napi::CallbackInfo& info) {
  const auto spec = ReadProbeRegex(info[0]);
  if (!spec) return info.Env().Undefined();
  return Napi::String::New(info.Env(), probe::HttpRegex(*spec).problem());
}

}  // namespace

void InitHttpResponse(Napi::Env env, Napi::Object exports) {
  ExportFactory<HttpResponseWrap>(env, exports, "createHttpResponse");
  exports.Set("connectStream", Napi::Function::New<ConnectStream>(env, "connectStream"));
  exports.Set("regexProblem", Napi::Function::New<RegexProblem>(env, "regexProblem"));
}

}  // namespace holdfast::binding
