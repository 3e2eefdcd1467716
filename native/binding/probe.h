#pragma once

#include <napi.h>

namespace holdfast::binding {

/** Adds createProbeLoop to the exports. */
void InitProbe(Napi::Env env, Napi::Object exports);

}  // namespace holdfast::binding
