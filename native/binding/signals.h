#pragma once

#include <napi.h>

namespace holdfast::binding {

/** Adds watchSignals to the exports. */
void InitSignals(Napi::Env env, Napi::Object exports);

}  // namespace holdfast::binding
