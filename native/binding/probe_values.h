#pragma once

#include <napi.h>

#include <memory>
#include <optional>

#include "probe/http_exchange.h"
#include "probe/prober.h"
#include "probe/schedule.h"
#include "probe/target.h"

namespace holdfast::binding {

/** contract.ts `ProbeTarget`. Nothing when a TypeError that names the field is pending. */
std::optional<probe::ProbeSpec> ReadProbeTarget(const Napi::Value& value);

/** contract.ts `ProbeHttp`. Null when a TypeError that names the field is pending. */
std::shared_ptr<const probe::HttpExchange> ReadProbeHttp(const Napi::Value& value);

/** contract.ts `ProbeRegex`. Nothing when a TypeError that names the field is pending. */
std::optional<probe::HttpRegexSpec> ReadProbeRegex(const Napi::Value& value);

/** contract.ts `ProbeStage` */
const char* ProbeStageName(probe::Stage stage);

/** contract.ts `ProbeSchedule` */
std::optional<probe::Schedule> ReadProbeSchedule(const Napi::Value& value);

/** contract.ts `ProbeEvent` */
Napi::Value MakeProbeEvent(Napi::Env env, const probe::ProbeEvent& event);

/** contract.ts `ProbeCounters` */
Napi::Value MakeProbeCounters(Napi::Env env, const probe::ProbeCounters& counters);

}  // namespace holdfast::binding
