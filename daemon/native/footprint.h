// What the whole process weighs on the system, and letting go of what it need not weigh.
#pragma once

#include <cstdint>

namespace tidemark {

// Bytes: phys_footprint on macOS (what Activity Monitor shows), the resident set on Linux.
std::uint64_t footprint_bytes();

// Has the C allocator return the whole pages that it holds free, which would else come and go in the footprint as its
// thresholds have it.
void release_free_memory();

} // namespace tidemark
