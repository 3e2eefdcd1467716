#pragma once

#include <napi.h>

namespace holdfast::binding {

/** Adds createVrrpLoop to the exports. */
void InitVrrp(Napi::Env env, Napi::Object exports);

}  // namespace holdfast::binding
