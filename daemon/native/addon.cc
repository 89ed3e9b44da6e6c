// What the addon exports: MLX's operations under `operations`, and beside them data, memory, the device, planted leaks.

#include "call.h"

namespace {

Napi::Object initialize(Napi::Env env, Napi::Object exports) {
  tidemark::Handle::define(env);

  auto operations = Napi::Object::New(env);
  tidemark::define_elementwise(operations);
  tidemark::define_reductions(operations);
  tidemark::define_shapes(operations);
  tidemark::define_network(operations);
  exports.Set("operations", operations);

  tidemark::define_io(exports);
  tidemark::define_memory(exports);
  tidemark::define_plant(exports);
  return exports;
}

} // namespace

NODE_API_MODULE(tidemark, initialize)
