// Loops over vectors, compiled for several kinds of processors, since the addon is built for the oldest x86-64.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "mlx/types/half_types.h"

#if defined(__x86_64__)
// A function in versions, of which the program takes the one for the processor that it finds.
#define TIDEMARK_VECTORIZED __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define TIDEMARK_VECTORIZED
#endif

// What such a function calls must be part of it.
#define TIDEMARK_INLINE [[gnu::always_inline]] inline

namespace tidemark {

constexpr int kWidth = 16;
// Compilers make as many registers of such a vector as it takes.
using Vector = float __attribute__((vector_size(kWidth * sizeof(float))));

TIDEMARK_INLINE void load(Vector& vector, const float* from) {
  std::memcpy(&vector, from, sizeof(Vector));
}

TIDEMARK_INLINE void store(float* to, const Vector& vector) {
  std::memcpy(to, &vector, sizeof(Vector));
}

// bfloat16 is the upper half of float32.
using Words = std::uint32_t __attribute__((vector_size(kWidth * sizeof(std::uint32_t))));
using Halves = std::uint16_t __attribute__((vector_size(kWidth * sizeof(std::uint16_t))));

TIDEMARK_INLINE void load(Vector& vector, const mlx::core::bfloat16_t* from) {
  Halves halves;
  std::memcpy(&halves, from, sizeof(Halves));
  const Words words = __builtin_convertvector(halves, Words) << 16;
  std::memcpy(&vector, &words, sizeof(Vector));
}

// To the nearest, ties to even, as MLX does; a NaN stays one.
TIDEMARK_INLINE void store(mlx::core::bfloat16_t* to, const Vector& vector) {
  Words words;
  std::memcpy(&words, &vector, sizeof(Vector));
  const Words rounded = (words + 0x7fff + ((words >> 16) & 1)) >> 16;
  const Halves halves = __builtin_convertvector(vector == vector ? rounded : Words{} + 0x7fc0, Halves);
  std::memcpy(to, &halves, sizeof(Halves));
}

// Fewer than kWidth numbers, and zeros after them.
template <typename T>
TIDEMARK_INLINE void load_some(Vector& vector, const T* from, int count) {
  T numbers[kWidth] = {};
  std::copy_n(from, count, numbers);
  load(vector, numbers);
}

template <typename T>
TIDEMARK_INLINE void store_some(T* to, const Vector& vector, int count) {
  T numbers[kWidth];
  store(numbers, vector);
  std::copy_n(numbers, count, to);
}

} // namespace tidemark
