// Scans that give a position among the elements so far: cummax and cummin.
//
// Neighbouring lines are scanned side by side, so that memory is read in its order whichever dimension is scanned.
#include <algorithm>

#include "backends/cpu/backend.h"
#include "backends/cpu/cursor.h"
#include "backends/cpu/parallel.h"
#include "core/interrupt.h"

namespace tenon::cpu {
namespace {

constexpr std::int64_t kColumns = 512;

// What is compared: float16 and bfloat16 as float, bools by truth value.
template <class T>
struct Compared {
  using type = T;
};
template <>
struct Compared<bool> {
  using type = std::uint8_t;
};
template <>
struct Compared<half> {
  using type = float;
};
template <>
struct Compared<bfloat16> {
  using type = float;
};
template <class T>
typename Compared<T>::type read(const char* p) {
  if constexpr (std::is_same_v<T, bool>) return *reinterpret_cast<const std::uint8_t*>(p) != 0;
  else return static_cast<typename Compared<T>::type>(*reinterpret_cast<const T*>(p));
}

// Whether the scan moves on to x. Of equal elements it gives the later one; nothing but a NaN follows a NaN.
template <Scan Op, class C>
bool replaces(C x, C best) {
  if constexpr (Op == Scan::argmax) return x >= best || x != x;
  if constexpr (Op == Scan::argmin) return x <= best || x != x;
}

template <Scan Op, class T>
void strip(const ScanCall& c, const char* in, std::int64_t in_step, char* out, std::int64_t out_step,
           std::int64_t cols) {
  using C = typename Compared<T>::type;
  C best[kColumns];
  std::int64_t at[kColumns];
  Pace pace;
  for (std::int64_t r = 0; r < c.lines.n; ++r, pace.did(cols)) {
    for (std::int64_t j = 0; j < cols; ++j) {
      const C x = read<T>(in + j * in_step);
      if (r == 0 || replaces<Op>(x, best[j])) {
        best[j] = x;
        at[j] = r;
      }
      *reinterpret_cast<std::int64_t*>(out + j * out_step) = at[j];
    }
    in += c.lines.in_stride;
    out += c.lines.out_stride;
  }
}

template <Scan Op, class T>
void line(const ScanCall& c, const char* in, char* out) {
  auto best = read<T>(in);
  std::int64_t at = 0;
  Pace pace;
  for (std::int64_t begin = 0, end; begin < c.lines.n; begin = end) {
    end = std::min(c.lines.n, begin + kGrain);
    pace.did(end - begin);
    for (std::int64_t i = begin; i < end; ++i) {
      const auto x = read<T>(in + i * c.lines.in_stride);
      if (replaces<Op>(x, best)) {
        best = x;
        at = i;
      }
      *reinterpret_cast<std::int64_t*>(out + i * c.lines.out_stride) = at;
    }
  }
}

template <Scan Op>
Status run(const ScanCall& c) {
  if (is_complex(c.in_dtype) || is_float8(c.in_dtype)) return Status::unavailable;
  const Lines& l = c.lines;
  const std::int64_t grain = std::max<std::int64_t>(kGrain / std::max<std::int64_t>(l.n, 1), l.side_by_side ? 64 : 1);
  dispatch(c.in_dtype, [&]<class T>() {
    if constexpr (!is_complex(dtype_of<T>) && !is_float8(dtype_of<T>)) {
      parallel_for(l.outer.numel, grain, [&](std::int64_t begin, std::int64_t end) {
        for_pairs(l.outer, c.in, c.out, begin, end, l.side_by_side ? kColumns : end - begin,
                  [&](char* p, std::int64_t step, char* q, std::int64_t out_step, std::int64_t n) {
                    if (l.side_by_side) return strip<Op, T>(c, p, step, q, out_step, n);
                    for (std::int64_t i = 0; i < n; ++i) line<Op, T>(c, p + i * step, q + i * out_step);
                  });
      });
    }
  });
  return Status::ok;
}

}  // namespace

Status scan_position(const ScanCall& c) {
  switch (c.op) {
    case Scan::argmax: return run<Scan::argmax>(c);
    case Scan::argmin: return run<Scan::argmin>(c);
    default: return Status::unavailable;
  }
}

}  // namespace tenon::cpu
