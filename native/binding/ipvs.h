#pragma once

#include <napi.h>

namespace holdfast::binding {

/** Adds openIpvs to the exports. */
void InitIpvs(Napi::Env env, Napi::Object exports);

}  // namespace holdfast::binding
