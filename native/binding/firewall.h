#pragma once

#include <napi.h>

namespace holdfast::binding {

/** contract.ts `watchFirewall` */
void InitFirewall(Napi::Env env, Napi::Object exports);

}  // namespace holdfast::binding
