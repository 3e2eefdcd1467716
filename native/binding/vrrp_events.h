#pragma once

#include <napi.h>

#include "vrrp/event.h"

namespace holdfast::binding {

/** contract.ts `VrrpEvent` */
Napi::Value MakeVrrpEvent(Napi::Env env, const vrrp::Event& event);

}  // namespace holdfast::binding
