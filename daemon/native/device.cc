// What MLX runs on, and which libraries it runs with.

#include "mlx/device.h"

#include "call.h"
#include "mlx/version.h"

#ifdef TIDEMARK_OPENBLAS
#include <cblas.h>
#endif

namespace tidemark {

namespace {

std::string device_type() {
  return mx::default_device() == mx::Device::gpu ? "gpu" : "cpu";
}

const auto& device_info() {
  return mx::device_info(mx::default_device());
}

std::string version() {
  return mx::version();
}

std::string blas() {
#ifdef TIDEMARK_OPENBLAS
  return scipy_openblas_get_config();
#else
  return "Accelerate";
#endif
}

} // namespace

const Table tables::device = {
    {"deviceType", call<device_type>},
    {"deviceInfo", call<device_info>},
    {"version", call<version>},
    {"blas", call<blas>},
};

} // namespace tidemark
