// What the whole process weighs on the system.
#pragma once

#include <cstdint>

namespace tidemark {

// Bytes: phys_footprint on macOS (what Activity Monitor shows), the resident set on Linux.
std::uint64_t footprint_bytes();

} // namespace tidemark
