#pragma once

#include <napi.h>

namespace holdfast::binding {

/** Adds openRtnetlink to the exports. */
void InitRtnetlink(Napi::Env env, Napi::Object exports);

}  // namespace holdfast::binding
