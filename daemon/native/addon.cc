// What the addon exports: every function of every table.

#include "call.h"

namespace {

Napi::Object initialize(Napi::Env env, Napi::Object exports) {
  namespace tables = tidemark::tables;
  tidemark::Handle::define(env);
  for (const auto* table :
       {&tables::arithmetic, &tables::convolutions, &tables::device, &tables::device_memory,
        &tables::lean_convolutions, &tables::linear_algebra, &tables::lstm, &tables::memory, &tables::norms,
        &tables::process, &tables::quantization, &tables::random, &tables::safetensors, &tables::shapes,
        &tables::sine, &tables::tensors, &tables::trace, &tables::walk}) {
    for (const auto& [name, function] : *table) {
      exports.Set(name, Napi::Function::New(env, function, name, const_cast<char*>(name)));
    }
  }
  return exports;
}

} // namespace

NODE_API_MODULE(tidemark, initialize)
