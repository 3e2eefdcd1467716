#pragma once

#include <napi.h>

#include <memory>
#include <vector>

namespace holdfast::binding {

/**
 * Exports `name(...args)`, which makes an instance of the wrapped class. The class stays private,
 * and belongs to the environment, so that the addon can be loaded in several workers. V8 checks the
 * receiver of methods made by DefineClass: a foreign `this` is an "Illegal invocation".
 * @tparam Wrap an ObjectWrap with `static Napi::Function Define(Napi::Env)`
 */
template <typename Wrap>
void ExportFactory(Napi::Env env, Napi::Object exports, const char* name) {
  auto owned = std::make_unique<Napi::FunctionReference>(Napi::Persistent(Wrap::Define(env)));
  Napi::FunctionReference* const constructor = owned.release();
  env.AddCleanupHook(
      [](Napi::FunctionReference* reference) {
        std::unique_ptr<Napi::FunctionReference> destroyed(reference);
      },
      constructor);
  const auto make = [](const Napi::CallbackInfo& info) -> Napi::Value {
    std::vector<napi_value> arguments;
    for (size_t index = 0; index < info.Length(); ++index) arguments.push_back(info[index]);
    return static_cast<Napi::FunctionReference*>(info.Data())->New(arguments);
  };
  exports.Set(name, Napi::Function::New(env, make, name, constructor));
}

}  // namespace holdfast::binding
