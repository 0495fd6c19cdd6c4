// The register tile of matrix products. Included once per SIMD target.
#if defined(TENON_GEMM_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef TENON_GEMM_INL_H_
#undef TENON_GEMM_INL_H_
#else
#define TENON_GEMM_INL_H_
#endif

#include <hwy/highway.h>

#include "backends/cpu/products-inl.h"

HWY_BEFORE_NAMESPACE();
namespace tenon::cpu::HWY_NAMESPACE {

using Size = std::int64_t;

// The tile of packed operands: sums, one row of b and one element of a fill the registers.
// 32 registers of 64 bytes: 14 x 2 vectors; 32 smaller ones: 8 x 3; 16: 6 x 2 (8 x 2 and 4 x 2 where a product takes
// more than one instruction).
template <class T>
struct Tile {
  static constexpr bool many_registers = kVectorBytes == 64 || HWY_ARCH_ARM;
  static constexpr bool fused = std::is_floating_point_v<T> && (HWY_TARGET <= HWY_AVX2 || HWY_ARCH_ARM);
  static constexpr bool wide = fused && kVectorBytes == 64;
  static constexpr int rows = wide ? 14 : many_registers ? 8 : fused ? 6 : 4;
  static constexpr int vectors = !wide && many_registers && (fused || sizeof(T) < 8) ? 3 : 2;
  static constexpr int columns = vectors * kLanes<T>;
};

// Blocks of a take the L2 cache, blocks of b the L3. Where a tile does much with each row of b, panels of b come from
// the L2 as well, and sums of more elements go to memory less often; elsewhere they take the L1.
template <class T>
struct Blocks {
  static constexpr Size k = (Tile<T>::wide ? 4096 : 1536) / sizeof(T);
  static constexpr Size m = Tile<T>::rows * (Tile<T>::wide ? 8 : 24);
  static constexpr Size n = Tile<T>::columns * (2048 / Tile<T>::columns + 1);
};

constexpr int kRowsAhead = 8;  // of b, asked for before they are needed

// c[Rows x Vectors] (+)= a[Rows x k] @ b[k x Vectors]. Packed: rows of a lie side by side, in panels
// of so many.
template <class T, int Rows, int Vectors, bool Packed, int Panel = Rows>
HWY_INLINE void tile(const T* HWY_RESTRICT a, Size a_row, Size a_step, const T* HWY_RESTRICT b, Size ldb, Size k,
                     T* HWY_RESTRICT c, Size ldc, bool add) {
  Vector<T> sum[Rows][Vectors] = {};
  const T* row[Rows];
  if constexpr (!Packed)
    for (int i = 0; i < Rows; ++i) row[i] = a + i * a_row;
  if constexpr (Packed)
    for (int i = 0; i < Rows; ++i)
      for (int j = 0; j < Vectors; ++j) __builtin_prefetch(c + i * ldc + j * kLanes<T>, 1);
  Size at = 0;
  for (Size p = 0; p < k; ++p) {
    Vector<T> y[Vectors];
#pragma GCC unroll 4
    for (int j = 0; j < Vectors; ++j) {
      y[j] = load(b + j * kLanes<T>);
      if constexpr (Packed) __builtin_prefetch(b + (kRowsAhead * Vectors + j) * kLanes<T>);
    }
#pragma GCC unroll 16
    for (int i = 0; i < Rows; ++i) {
      const T x = Packed ? a[i] : row[i][at];
#pragma GCC unroll 4
      for (int j = 0; j < Vectors; ++j) sum[i][j] = multiply_add(sum[i][j], x, y[j]);
    }
    b += ldb;
    if constexpr (Packed) a += Panel;
    else at += a_step;
  }
#pragma GCC unroll 16
  for (int i = 0; i < Rows; ++i) {
#pragma GCC unroll 4
    for (int j = 0; j < Vectors; ++j) {
      T* to = c + i * ldc + j * kLanes<T>;
      if (add) {
        if constexpr (std::is_same_v<T, std::uint8_t>) store(to, load<T>(to) | sum[i][j]);
        else store(to, load<T>(to) + sum[i][j]);
      } else {
        store(to, sum[i][j]);
      }
    }
  }
}

constexpr Size round_up(Size x, Size unit) { return (x + unit - 1) / unit * unit; }

}  // namespace tenon::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
