// What the driver of a GPU counts for this process, MLX's counters being a part of it.
//
// Everything is found at run time: NVIDIA's management library and Metal are there where their GPUs are, and nowhere else.

#include <algorithm>
#include <cstdint>
#include <dlfcn.h>
#include <unistd.h>

#include "call.h"
#include "mlx/device.h"

namespace tidemark {

namespace {

constexpr double kUnknown = -1;

template <typename Function>
Function* find(void* library, const char* name) {
  return reinterpret_cast<Function*>(dlsym(library, name));
}

#ifdef __APPLE__

// [MTLCreateSystemDefaultDevice() currentAllocatedSize]: the bytes of all resources of this process on the GPU that MLX uses,
// called by the C interface of Objective-C's run time, so that no compiler for it is needed.
double device_bytes() {
  using Id = void*;
  using Selector = void*;
  static Id device = [] {
    void* metal = dlopen("/System/Library/Frameworks/Metal.framework/Metal", RTLD_LAZY);
    const auto create = metal == nullptr ? nullptr : find<Id()>(metal, "MTLCreateSystemDefaultDevice");
    return create == nullptr ? nullptr : create();
  }();
  static const auto selector_of = find<Selector(const char*)>(RTLD_DEFAULT, "sel_registerName");
  static const auto send = find<std::uint64_t(Id, Selector)>(RTLD_DEFAULT, "objc_msgSend");
  if (device == nullptr || selector_of == nullptr || send == nullptr) {
    return kUnknown;
  }
  return static_cast<double>(send(device, selector_of("currentAllocatedSize")));
}

#else

// As in nvml.h.
using NvmlDevice = struct nvmlDevice_st*;
struct NvmlProcess {
  unsigned int pid;
  unsigned long long used_bytes;
  unsigned int gpu_instance;
  unsigned int compute_instance;
};
constexpr int kSuccess = 0;
// What a driver says that keeps the figure to itself.
constexpr unsigned long long kNotAvailable = ~0ULL;

struct Nvml {
  int (*count)(unsigned int*) = nullptr;
  int (*device_at)(unsigned int, NvmlDevice*) = nullptr;
  int (*processes_of)(NvmlDevice, unsigned int*, NvmlProcess*) = nullptr;

  Nvml() {
    void* library = dlopen("libnvidia-ml.so.1", RTLD_LAZY);
    const auto init = library == nullptr ? nullptr : find<int()>(library, "nvmlInit_v2");
    if (init != nullptr && init() == kSuccess) {
      count = find<int(unsigned int*)>(library, "nvmlDeviceGetCount_v2");
      device_at = find<int(unsigned int, NvmlDevice*)>(library, "nvmlDeviceGetHandleByIndex_v2");
      processes_of =
          find<int(NvmlDevice, unsigned int*, NvmlProcess*)>(library, "nvmlDeviceGetComputeRunningProcesses_v3");
    }
  }

  bool is_there() const {
    return count != nullptr && device_at != nullptr && processes_of != nullptr;
  }
};

// The sum over the GPUs on which this process computes. In a container the driver may number processes otherwise, and then
// this one is not found.
double device_bytes() {
  static const Nvml nvml;
  unsigned int count = 0;
  if (!nvml.is_there() || nvml.count(&count) != kSuccess) {
    return kUnknown;
  }
  double sum = kUnknown;
  for (unsigned int index = 0; index < count; ++index) {
    NvmlDevice device = nullptr;
    std::vector<NvmlProcess> processes(1024);
    auto listed = static_cast<unsigned int>(processes.size());
    if (nvml.device_at(index, &device) != kSuccess ||
        nvml.processes_of(device, &listed, processes.data()) != kSuccess) {
      continue;
    }
    processes.resize(listed);
    for (const auto& process : processes) {
      if (process.pid == static_cast<unsigned int>(getpid()) && process.used_bytes != kNotAvailable) {
        sum = std::max(sum, 0.0) + static_cast<double>(process.used_bytes);
      }
    }
  }
  return sum;
}

#endif

// Bytes, or -1 where no driver says.
double driver_bytes() {
  return mx::default_device() == mx::Device::gpu ? device_bytes() : kUnknown;
}

} // namespace

const Table tables::device_memory = {{"driverBytes", call<driver_bytes>}};

} // namespace tidemark
