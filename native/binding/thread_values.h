#pragma once

#include <napi.h>

#include "loop/loop_thread.h"

namespace holdfast::binding {

/** contract.ts `LoopThreadControl.arrange`: reads the settings, arranges, makes the failures. */
Napi::Value ArrangeLoop(Napi::Env env, const Napi::Value& settings, const LoopThread& thread);

}  // namespace holdfast::binding
