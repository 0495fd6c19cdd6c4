// Transposed copies through vector registers, and elementwise calls over transposed operands by tiles.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/transpose.cc"
#include "backends/cpu/targets.h"

#include <algorithm>
#include <cstring>

#include "backends/cpu/cursor.h"
#include "backends/cpu/parallel.h"
#include "backends/cpu/transpose-inl.h"
#include "backends/cpu/transpose.h"
#include "plan/transpose.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

HWY_BEFORE_NAMESPACE();
namespace tenon::cpu::HWY_NAMESPACE {

constexpr int kVectorBytes = HWY_MAX_BYTES > 64 || HWY_MAX_BYTES < 16 ? 16 : HWY_MAX_BYTES;

template <class T, int kBytes>
struct Tile {
  using V = typename Square<T, kBytes>::V;
  typedef T Unaligned __attribute__((vector_size(kBytes), aligned(alignof(T)), may_alias));
  static constexpr int N = Square<T, kBytes>::N;

  template <bool kStream>
  static HWY_INLINE void store(char* p, V v) {
#if defined(__x86_64__)
    if constexpr (kStream) {
      if constexpr (kBytes == 64) {
#if HWY_TARGET <= HWY_AVX3
        _mm512_stream_si512(reinterpret_cast<__m512i*>(p), reinterpret_cast<__m512i>(v));
        return;
#endif
      } else if constexpr (kBytes == 32) {
#if HWY_TARGET <= HWY_AVX2
        _mm256_stream_si256(reinterpret_cast<__m256i*>(p), reinterpret_cast<__m256i>(v));
        return;
#endif
      } else {
        _mm_stream_si128(reinterpret_cast<__m128i*>(p), reinterpret_cast<__m128i>(v));
        return;
      }
    }
#endif
    *reinterpret_cast<Unaligned*>(p) = v;
  }
  template <bool kStream>
  static HWY_INLINE void run(const char* src, std::int64_t src_stride, char* dst, std::int64_t dst_stride) {
    V v[N];
#pragma GCC unroll 16
    for (int i = 0; i < N; ++i) v[i] = *reinterpret_cast<const Unaligned*>(src + i * src_stride);
    Square<T, kBytes>::transpose(v);
#pragma GCC unroll 16
    for (int i = 0; i < N; ++i) store<kStream>(dst + i * dst_stride, v[i]);
  }
};

template <class T>
HWY_INLINE void transpose_edge(const char* src, std::int64_t src_stride, char* dst, std::int64_t dst_stride,
                               std::int64_t rows, std::int64_t cols) {
  for (std::int64_t j = 0; j < cols; ++j)
    for (std::int64_t i = 0; i < rows; ++i)
      std::memcpy(dst + j * dst_stride + i * static_cast<std::int64_t>(sizeof(T)),
                  src + i * src_stride + j * static_cast<std::int64_t>(sizeof(T)), sizeof(T));
}

// 64 rows at a time: the output's lines are written whole, and only 64 pages are read alternately.
template <class T, int kBytes, bool kStream>
void transpose_all(const char* src, std::int64_t src_stride, char* dst, std::int64_t dst_stride, std::int64_t rows,
                   std::int64_t cols) {
  using TileT = Tile<T, kBytes>;
  constexpr std::int64_t N = TileT::N, size = sizeof(T);
  const std::int64_t whole_rows = rows / N * N, whole_cols = cols / N * N;
  for (std::int64_t block = 0; block < whole_rows; block += 64) {
    const std::int64_t end = std::min(block + 64, whole_rows);
    for (std::int64_t j = 0; j < whole_cols; j += N)
      for (std::int64_t i = block; i < end; i += N)
        TileT::template run<kStream>(src + i * src_stride + j * size, src_stride, dst + j * dst_stride + i * size,
                                     dst_stride);
  }
  transpose_edge<T>(src + whole_cols * size, src_stride, dst + whole_cols * dst_stride, dst_stride, whole_rows,
                    cols - whole_cols);
  transpose_edge<T>(src + whole_rows * src_stride, src_stride, dst + whole_rows * size, dst_stride, rows - whole_rows,
                    cols);
}

struct Pair {
  std::uint64_t a, b;
};

void transpose_target(const char* src, std::int64_t src_stride, char* dst, std::int64_t dst_stride, std::int64_t rows,
                      std::int64_t cols, std::int64_t size, bool stream) {
  const auto run = [&]<class T, int kBytes>() {
    const bool aligned = reinterpret_cast<std::uintptr_t>(dst) % kBytes == 0 && dst_stride % kBytes == 0;
    (stream && aligned) ? transpose_all<T, kBytes, true>(src, src_stride, dst, dst_stride, rows, cols)
                        : transpose_all<T, kBytes, false>(src, src_stride, dst, dst_stride, rows, cols);
  };
  // Small items: a tile of 16-byte vectors has 16 or 8 of them already.
  if (size == 1) run.template operator()<std::uint8_t, 16>();
  else if (size == 2) run.template operator()<std::uint16_t, 16>();
  else if (size == 4) run.template operator()<std::uint32_t, kVectorBytes>();
  else if (size == 8) run.template operator()<std::uint64_t, kVectorBytes>();
  else
    for (std::int64_t i = 0; i < rows; i += 16)
      for (std::int64_t j = 0; j < cols; j += 16)
        transpose_edge<Pair>(src + i * src_stride + j * 16, src_stride, dst + j * dst_stride + i * 16, dst_stride,
                             std::min<std::int64_t>(16, rows - i), std::min<std::int64_t>(16, cols - j));
}

}  // namespace tenon::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tenon::cpu {
HWY_EXPORT(transpose_target);

void transpose(const char* src, std::int64_t src_stride, char* dst, std::int64_t dst_stride, std::int64_t rows,
               std::int64_t cols, std::int64_t size, bool stream) {
  HWY_DYNAMIC_DISPATCH(transpose_target)(src, src_stride, dst, dst_stride, rows, cols, size, stream);
}

namespace {

char* start_of(const Loop& outer, int operand, void* base, std::int64_t at) {
  char* p = nullptr;
  Cursor(outer, operand, static_cast<char*>(base), at).advance(1, [&](char* q, auto, auto, auto) { p = q; });
  return p;
}

constexpr std::int64_t kTileBytes = 16384;

// dst[j][i] = converted src[i][j], for a tile that fits into the buffer.
void transpose_converted(const char* src, std::int64_t src_stride, DType from, char* dst, std::int64_t dst_stride,
                         DType to, std::int64_t rows, std::int64_t cols) {
  const auto size = static_cast<std::int64_t>(itemsize(to));
  if (from == to) {
    transpose(src, src_stride, dst, dst_stride, rows, cols, size, false);
    return;
  }
  alignas(64) char buffer[kTileBytes];
  const Pack cast(from, to);
  const auto from_size = static_cast<std::int64_t>(itemsize(from));
  for (std::int64_t i = 0; i < rows; ++i) cast(src + i * src_stride, from_size, buffer + i * cols * size, size, cols);
  transpose(buffer, cols * size, dst, dst_stride, rows, cols, size, false);
}

}  // namespace

bool copy_transposed(const ElementwiseCall& c) {
  const auto in_size = static_cast<std::int64_t>(itemsize(c.dtype[1])),
             out_size = static_cast<std::int64_t>(itemsize(c.dtype[0]));
  const Loop& loop = c.loop;
  const int inner = loop.ndim - 1;
  const int d =
      c.immediate[1] || inner < 1 || loop.strides[0][inner] != out_size ? -1 : crossing_dimension(loop, 1, in_size);
  if (d < 0) return false;
  const Loop outer = without_pair(loop, d);
  const std::int64_t rows = loop.shape[inner], cols = loop.shape[d];
  const std::int64_t src_stride = loop.strides[1][inner], dst_stride = loop.strides[0][d];
  const std::int64_t bands = (rows + 63) / 64;
  parallel_for(outer.numel * bands, std::max<std::int64_t>(kGrain / (64 * cols), 1),
               [&](std::int64_t begin, std::int64_t end) {
                 for (std::int64_t t = begin; t < end; ++t) {
                   const std::int64_t i = t % bands * 64, n = std::min<std::int64_t>(64, rows - i);
                   const char* src = start_of(outer, 1, c.data[1], t / bands) + i * src_stride;
                   char* dst = start_of(outer, 0, c.data[0], t / bands) + i * out_size;
                   if (c.dtype[0] == c.dtype[1]) {
                     transpose(src, src_stride, dst, dst_stride, n, cols, out_size, c.stream_output);
                     continue;
                   }
                   const std::int64_t step = kTileBytes / (64 * out_size);
                   for (std::int64_t j = 0; j < cols; j += step)
                     transpose_converted(src + j * in_size, src_stride, c.dtype[1], dst + j * dst_stride, dst_stride,
                                         c.dtype[0], n, std::min(step, cols - j));
                 }
               });
  return true;
}

bool elementwise_transposed(const ElementwiseCall& c, Kernel kernel, const DType* in_dtype) {
  const Loop& loop = c.loop;
  const int inner = loop.ndim - 1;
  int d = -1;
  for (int i = 1; i <= c.arity && d < 0; ++i)
    if (!c.immediate[i]) d = crossing_dimension(loop, i, static_cast<std::int64_t>(itemsize(c.dtype[i])));
  if (d < 0) return false;

  const auto out_size = static_cast<std::int64_t>(itemsize(c.kernel_out));
  std::int64_t widest = out_size;
  for (int i = 1; i <= c.arity; ++i) widest = std::max(widest, static_cast<std::int64_t>(itemsize(in_dtype[i])));
  // Tiles of `height` steps along d and 128 along the innermost dimension.
  constexpr std::int64_t kWidth = 128;
  const std::int64_t height = kTileBytes / kWidth / widest;
  const Loop outer = without_pair(loop, d);
  const std::int64_t across = (loop.shape[inner] + kWidth - 1) / kWidth, down = (loop.shape[d] + height - 1) / height;
  const Pack unpack(c.kernel_out, c.dtype[0]);

  parallel_for(
      outer.numel * across * down, std::max<std::int64_t>(kGrain / (height * kWidth), 1),
      [&](std::int64_t begin, std::int64_t end) {
        alignas(64) char buffer[kMaxOperands][kTileBytes];
        const void* in[kMaxOperands];
        for (std::int64_t t = begin; t < end; ++t) {
          const std::int64_t x = t / down % across * kWidth, y = t % down * height;
          const std::int64_t w = std::min(kWidth, loop.shape[inner] - x), h = std::min(height, loop.shape[d] - y);
          const auto corner = [&](int i) {
            return start_of(outer, i, c.data[i], t / down / across) + x * loop.strides[i][inner] +
                   y * loop.strides[i][d];
          };
          char* rows[kMaxOperands];       // where the kernel finds the tile's rows
          std::int64_t step[kMaxOperands];
          for (int i = 1; i <= c.arity; ++i) {
            const DType from = c.immediate[i] ? in_dtype[i] : c.dtype[i];
            const auto size = static_cast<std::int64_t>(itemsize(in_dtype[i])),
                       from_size = static_cast<std::int64_t>(itemsize(from));
            const Pack pack(from, in_dtype[i]);
            rows[i] = buffer[i];
            step[i] = w * size;
            if (c.immediate[i]) {
              pack(c.value[i], 0, buffer[i], size, w);
              step[i] = 0;
            } else if (from == in_dtype[i] && loop.strides[i][inner] == size) {
              rows[i] = corner(i);
              step[i] = loop.strides[i][d];
            } else if (loop.strides[i][d] == from_size) {
              transpose_converted(corner(i), loop.strides[i][inner], from, buffer[i], w * size, in_dtype[i], w, h);
            } else {
              const char* p = corner(i);
              for (std::int64_t r = 0; r < h; ++r)
                pack(p + r * loop.strides[i][d], loop.strides[i][inner], buffer[i] + r * w * size, size, w);
            }
          }
          char* out = corner(0);
          const bool direct = c.dtype[0] == c.kernel_out && loop.strides[0][inner] == out_size;
          for (std::int64_t r = 0; r < h; ++r, out += loop.strides[0][d]) {
            for (int i = 1; i <= c.arity; ++i) in[i - 1] = rows[i] + r * step[i];
            kernel(in, direct && !c.stream_output ? out : buffer[0], w);
            if (!direct) unpack(buffer[0], out_size, out, loop.strides[0][inner], w);
            else if (c.stream_output) stream_copy(out, buffer[0], w * out_size);
          }
        }
      });
  return true;
}

}  // namespace tenon::cpu
#endif
