// Safetensors files in.

#include "call.h"
#include "mlx/io.h"

namespace tidemark {

const Table tables::safetensors = {
    {"loadSafetensors", call<overload<mx::SafetensorsLoad(const std::string&, mx::StreamOrDevice)>(mx::load_safetensors)>},
};

} // namespace tidemark
