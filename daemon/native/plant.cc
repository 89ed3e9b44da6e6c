// Memory that is taken beside MLX and never given back: what a leak check must be able to find.

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>
#include <vector>

#include "call.h"

namespace tidemark {

namespace {

// Referred to until the process ends, so that no compiler leaves the allocations out, and a leak checker's own leaks are
// not reported as lost.
std::vector<void*> planted;

Napi::Value plant_malloc(const Napi::CallbackInfo& info) {
  return guarded(info, "plantMalloc", [&]() -> Napi::Value {
    const int bytes = to_int(info[0]);
    if (bytes < 0) {
      throw std::invalid_argument("a number of bytes is 0 at the least");
    }
    void* memory = std::malloc(static_cast<std::size_t>(bytes));
    if (memory == nullptr) {
      throw std::bad_alloc();
    }
    // The system hands a page out when it is first written to, and a page of zeros may be compressed or shared.
    std::memset(memory, 0xa5, static_cast<std::size_t>(bytes));
    planted.push_back(memory);
    return info.Env().Undefined();
  });
}

} // namespace

void define_plant(Napi::Object exports) {
  exports.Set("plantMalloc", Napi::Function::New(exports.Env(), plant_malloc, "plantMalloc"));
}

} // namespace tidemark
