#pragma once

#include <napi.h>

namespace holdfast::binding {

/** Adds monotonicUs, openDatagram, tryLockFile and enterNetworkNamespace to the exports. */
void InitHost(Napi::Env env, Napi::Object exports);

}  // namespace holdfast::binding
