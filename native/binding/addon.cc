#include <napi.h>

#include "binding/firewall.h"
#include "binding/host.h"
#include "binding/http_response.h"
#include "binding/ipvs.h"
#include "binding/probe.h"
#include "binding/rtnetlink.h"
#include "binding/signals.h"
#include "binding/vrrp.h"

namespace {

/** contract.ts `CONTRACT_VERSION` */
constexpr int kContractVersion = 17;

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports.Set("contractVersion", kContractVersion);
  holdfast::binding::InitFirewall(env, exports);
  holdfast::binding::InitHost(env, exports);
  holdfast::binding::InitHttpResponse(env, exports);
  holdfast::binding::InitIpvs(env, exports);
  holdfast::binding::InitRtnetlink(env, exports);
  holdfast::binding::InitProbe(env, exports);
  holdfast::binding::InitSignals(env, exports);
  holdfast::binding::InitVrrp(env, exports);
  return exports;
}

}  // namespace

NODE_API_MODULE(holdfast, Init)
