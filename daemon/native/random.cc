// MLX's random numbers, from the default generator.

#include "mlx/random.h"

#include "call.h"

namespace tidemark {

namespace {

using Generator = mx::array(const mx::Shape&, const std::optional<mx::array>& key, mx::StreamOrDevice);

} // namespace

const Table tables::random = {
    {"seed", call<mx::random::seed>},
    {"randomUniform", call<overload<Generator>(mx::random::uniform)>},
    {"randomNormal", call<overload<Generator>(mx::random::normal)>},
};

} // namespace tidemark
