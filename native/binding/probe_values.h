#pragma once

#include <napi.h>

#include <optional>

#include "probe/prober.h"
#include "probe/schedule.h"
#include "probe/target.h"

namespace holdfast::binding {

/** contract.ts `ProbeTarget`. Nothing when a TypeError that names the field is pending. */
std::optional<probe::ProbeSpec> ReadProbeTarget(const Napi::Value& value);

/** contract.ts `ProbeSchedule` */
std::optional<probe::Schedule> ReadProbeSchedule(const Napi::Value& value);

/** contract.ts `ProbeEvent` */
Napi::Value MakeProbeEvent(Napi::Env env, const probe::ProbeEvent& event);

/** contract.ts `ProbeCounters` */
Napi::Value MakeProbeCounters(Napi::Env env, const probe::ProbeCounters& counters);

}  // namespace holdfast::binding
