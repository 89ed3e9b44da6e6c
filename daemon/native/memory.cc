// MLX's memory counters and limits.

#include "mlx/memory.h"

#include "call.h"
#include "mlx/stream.h"

namespace tidemark {

const Table tables::memory = {
    {"activeBytes", call<mx::get_active_memory>},
    {"peakBytes", call<mx::get_peak_memory>},
    {"cacheBytes", call<mx::get_cache_memory>},
    {"resetPeak", call<mx::reset_peak_memory>},
    {"clearCache", call<mx::clear_cache>},
    {"setCacheLimit", call<mx::set_cache_limit>},
    {"setMemoryLimit", call<mx::set_memory_limit>},
    {"synchronize", call<overload<void()>(mx::synchronize)>},
};

} // namespace tidemark
