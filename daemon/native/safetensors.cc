// Loads safetensors files.

#include "call.h"
#include "mlx/io.h"

namespace tidemark {

namespace {

using Load = mx::SafetensorsLoad(const std::string& path, mx::StreamOrDevice);

} // namespace

const Table tables::safetensors = {
    {"loadSafetensors", call<overload<Load>(mx::load_safetensors)>},
};

} // namespace tidemark
