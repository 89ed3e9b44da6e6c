// Loops that the compiler vectorizes for the processor that it finds, since the addon is built for the oldest x86-64.
#pragma once

#if defined(__x86_64__)
#define TIDEMARK_VECTORIZED __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define TIDEMARK_VECTORIZED
#endif
