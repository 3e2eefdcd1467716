#pragma once

#include <napi.h>

namespace holdfast::binding {

/** Exports what a TLS probe needs on its worker: its connection, and the reader of its response. */
void InitHttpResponse(Napi::Env env, Napi::Object exports);

}  // namespace holdfast::binding
