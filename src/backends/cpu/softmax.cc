// softmax and log_softmax in three passes: maximum, sum of exponentials, division. float16 and bfloat16 are
// computed in float32 and rounded once.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/softmax.cc"
#include "backends/cpu/targets.h"

#include <algorithm>
#include <cmath>
#include <memory>

#include "backends/cpu/backend.h"
#include "backends/cpu/cursor.h"
#include "backends/cpu/exponentials-inl.h"
#include "backends/cpu/pack.h"
#include "backends/cpu/parallel.h"
#include "backends/cpu/reduce.h"
#include "backends/scalar/math.h"

#ifndef TENON_SOFTMAX_KERNELS_
#define TENON_SOFTMAX_KERNELS_
namespace tenon::cpu {
constexpr std::int64_t kShortRow = 1024;
// All on contiguous elements. in may be out.
template <class T>
struct SoftmaxKernels {
  void (*exp)(const T* in, T* out, std::int64_t n, T highest);                          // exp(in - highest)
  void (*scale)(const T* in, T* out, std::int64_t n, T factor);                         // in * factor
  void (*shift)(const T* in, T* out, std::int64_t n, T highest, T log_sum);             // in - highest - log_sum
  // The same for rows of n columns, each with its own highest.
  void (*exp_row)(const T* in, T* out, std::int64_t n, const T* highest);
  void (*scale_row)(const T* in, T* out, std::int64_t n, const T* factor);
  void (*shift_row)(const T* in, T* out, std::int64_t n, const T* highest, const T* log_sum);
  void (*add_row)(double* sum, const T* in, std::int64_t n);
  // All of some rows of n columns, at most kShortRow.
  void (*rows)(const T* in, T* out, std::int64_t rows, std::int64_t n, bool log);
};
}  // namespace tenon::cpu
#endif

HWY_BEFORE_NAMESPACE();
namespace tenon::cpu::HWY_NAMESPACE {

#define TENON_ROW(expression) _Pragma("GCC ivdep") for (std::int64_t i = 0; i < n; ++i) expression

template <class T>
void exp_all(const T* in, T* out, std::int64_t n, T highest) {
  over_lanes<T>(n, [&](auto lanes, std::int64_t q)
                       __attribute__((always_inline)) { lanes.put(out, q, exp_of(lanes.get(in, q) - highest)); });
}
template <class T>
void scale_all(const T* in, T* out, std::int64_t n, T factor) {
  TENON_ROW(out[i] = in[i] * factor);
}
template <class T>
void shift_all(const T* in, T* out, std::int64_t n, T highest, T log_sum) {
  TENON_ROW(out[i] = (in[i] - highest) - log_sum);
}
template <class T>
void exp_row(const T* in, T* out, std::int64_t n, const T* highest) {
  over_lanes<T>(n, [&](auto lanes, std::int64_t q) __attribute__((always_inline)) {
    lanes.put(out, q, exp_of(lanes.get(in, q) - lanes.get(highest, q)));
  });
}
template <class T>
void scale_row(const T* in, T* out, std::int64_t n, const T* factor) {
  TENON_ROW(out[i] = in[i] * factor[i]);
}
template <class T>
void shift_row(const T* in, T* out, std::int64_t n, const T* highest, const T* log_sum) {
  TENON_ROW(out[i] = (in[i] - highest[i]) - log_sum[i]);
}
template <class T>
void add_row(double* sum, const T* in, std::int64_t n) {
  TENON_ROW(sum[i] += static_cast<double>(in[i]));
}
#undef TENON_ROW
template <class T>
void short_rows(const T* in, T* out, std::int64_t rows, std::int64_t n, bool log) {
  alignas(64) T powers[kShortRow];
  for (; rows > 0; --rows, in += n, out += n) {
    const T highest = largest_of(in, n), sum = exp_sum_of(in, log ? powers : out, n, T(1), highest);
    if (log) shift_all(in, out, n, highest, std::log(sum));
    else scale_all(out, out, n, 1 / sum);
  }
}

template <class T>
SoftmaxKernels<T> softmax_kernels() {
  return {&exp_all<T>,   &scale_all<T>, &shift_all<T>, &exp_row<T>,
          &scale_row<T>, &shift_row<T>, &add_row<T>,   &short_rows<T>};
}
SoftmaxKernels<float> softmax_float() { return softmax_kernels<float>(); }
SoftmaxKernels<double> softmax_double() { return softmax_kernels<double>(); }

}  // namespace tenon::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tenon::cpu {
HWY_EXPORT(softmax_float);
HWY_EXPORT(softmax_double);
namespace {

constexpr std::int64_t kPiece = kGrain;

template <class T>
const SoftmaxKernels<T>& kernels_for() {
  static const SoftmaxKernels<T> k = [] {
    if constexpr (std::is_same_v<T, float>) return HWY_DYNAMIC_DISPATCH(softmax_float)();
    else return HWY_DYNAMIC_DISPATCH(softmax_double)();
  }();
  return k;
}

template <class T>
struct Softmax {
  const SoftmaxCall& c;
  const Lines& l = c.lines;
  const SoftmaxKernels<T>& k = kernels_for<T>();
  const ReduceKernel& max = reduce_kernels()[static_cast<int>(Reduction::max)][static_cast<int>(dtype_of<T>)];
  const ReduceKernel& sum = reduce_kernels()[static_cast<int>(Reduction::sum)][static_cast<int>(dtype_of<T>)];
  const std::int64_t size = static_cast<std::int64_t>(itemsize(c.dtype));
  const Pack load{c.dtype, dtype_of<T>}, store{dtype_of<T>, c.dtype};

  // A row of contiguous T's. Pieces of fixed length, so that a long row has the same bits for any number of threads.
  void row(const T* in, T* out) const {
    const std::int64_t pieces = (l.n + kPiece - 1) / kPiece;
    const auto each = [&](auto&& f) {
      if (pieces == 1) f(0, 0, l.n);
      else
        parallel_for(pieces, 1, [&](std::int64_t begin, std::int64_t end) {
          for (std::int64_t p = begin; p < end; ++p) f(p, p * kPiece, std::min(kPiece, l.n - p * kPiece));
        });
    };
    T highest_of_one;
    double sum_of_one;
    const std::unique_ptr<T[]> maxima(pieces > 1 ? new T[static_cast<std::size_t>(pieces)] : nullptr);
    const std::unique_ptr<double[]> sums(pieces > 1 ? new double[static_cast<std::size_t>(pieces)] : nullptr);
    T* m = pieces > 1 ? maxima.get() : &highest_of_one;
    double* s = pieces > 1 ? sums.get() : &sum_of_one;
    each([&](std::int64_t p, std::int64_t at, std::int64_t n) {
      max.start(m + p, 1);
      max.run(m + p, in + at, n, 0);
    });
    for (std::int64_t p = 1; p < pieces; ++p) max.merge(m, m + p, 1);
    each([&](std::int64_t p, std::int64_t at, std::int64_t n) {
      // log_softmax needs the exponentials' sum only, and the input once more (which may be the output).
      alignas(64) T buffer[1024];
      sum.start(s + p, 1);
      for (std::int64_t i = at; i < at + n; i += 1024) {
        const std::int64_t b = std::min<std::int64_t>(1024, at + n - i);
        T* e = c.log ? buffer : out + i;
        k.exp(in + i, e, b, m[0]);
        sum.run(s + p, e, b, 0);
      }
    });
    double total = s[0];
    for (std::int64_t p = 1; p < pieces; ++p) total += s[p];
    each([&](std::int64_t, std::int64_t at, std::int64_t n) {
      if (c.log) k.shift(in + at, out + at, n, m[0], static_cast<T>(std::log(total)));
      else k.scale(out + at, out + at, n, static_cast<T>(1 / total));
    });
  }
  void rows(char* in, std::int64_t in_step, char* out, std::int64_t out_step, std::int64_t n) const {
    const bool direct = dtype_of<T> == c.dtype && l.in_stride == size && l.out_stride == size;
    if (direct && l.n <= kShortRow && (n == 1 || (in_step == l.n * size && out_step == l.n * size)))
      return k.rows(reinterpret_cast<const T*>(in), reinterpret_cast<T*>(out), n, l.n, c.log);
    const std::unique_ptr<T[]> buffer(direct ? nullptr : new T[static_cast<std::size_t>(l.n)]);
    for (std::int64_t i = 0; i < n; ++i, in += in_step, out += out_step) {
      if (direct) {
        row(reinterpret_cast<const T*>(in), reinterpret_cast<T*>(out));
        continue;
      }
      load(in, l.in_stride, buffer.get(), sizeof(T), l.n);
      row(buffer.get(), buffer.get());
      store(buffer.get(), sizeof(T), out, l.out_stride, l.n);
    }
  }

  // Neighbouring rows side by side, element by element. A page at a time: each step goes to another one.
  static constexpr std::int64_t kStrip = 1024;
  void strip(const char* in, std::int64_t in_step, char* out, std::int64_t out_step, std::int64_t cols) const {
    alignas(64) T x[kStrip], y[kStrip], highest[kStrip], factor[kStrip];
    alignas(64) double total[kStrip] = {};
    const bool in_direct = dtype_of<T> == c.dtype && in_step == size,
               out_direct = dtype_of<T> == c.dtype && out_step == size;
    const auto read = [&](std::int64_t r) -> const T* {
      if (in_direct) return reinterpret_cast<const T*>(in + r * l.in_stride);
      load(in + r * l.in_stride, in_step, x, sizeof(T), cols);
      return x;
    };
    const auto row_out = [&](std::int64_t r) { return reinterpret_cast<T*>(out + r * l.out_stride); };
    max.start(highest, cols);
    if (in_direct) max.columns(highest, in, l.in_stride, l.n, cols, 0);
    else
      for (std::int64_t r = 0; r < l.n; ++r)
        max.columns(highest, reinterpret_cast<const char*>(read(r)), 0, 1, cols, 0);
    const bool keep = out_direct && !c.log;  // the exponentials, unrounded
    for (std::int64_t r = 0; r < l.n; ++r) {
      T* e = keep ? row_out(r) : y;
      k.exp_row(read(r), e, cols, highest);
      k.add_row(total, e, cols);
    }
    for (std::int64_t j = 0; j < cols; ++j) factor[j] = static_cast<T>(c.log ? std::log(total[j]) : 1 / total[j]);
    for (std::int64_t r = 0; r < l.n; ++r) {
      T* o = out_direct ? row_out(r) : y;
      if (c.log) {
        k.shift_row(read(r), o, cols, highest, factor);
      } else {
        if (!keep) k.exp_row(read(r), o, cols, highest);
        k.scale_row(o, o, cols, factor);
      }
      if (!out_direct) store(y, sizeof(T), out + r * l.out_stride, out_step, cols);
    }
  }

  void run() const {
    const auto lines = [&](std::int64_t begin, std::int64_t end) {
      for_pairs(l.outer, c.in, c.out, begin, end, l.side_by_side ? kStrip : end - begin,
                [&](char* p, std::int64_t stride, char* q, std::int64_t out_stride, std::int64_t n) {
                  l.side_by_side ? strip(p, stride, q, out_stride, n) : rows(p, stride, q, out_stride, n);
                });
    };
    // Exponentials cost some ten times what a sum does.
    const std::int64_t grain =
        std::max<std::int64_t>(kGrain / 8 / std::max<std::int64_t>(l.n, 1), l.side_by_side ? 16 : 1);
    if (!l.side_by_side && l.n > kPiece) lines(0, l.outer.numel);
    else parallel_for(l.outer.numel, grain, lines);
  }
};

}  // namespace

Status softmax(const SoftmaxCall& c) {
  if (!is_floating(c.dtype) || is_float8(c.dtype)) return Status::unavailable;
  if (c.dtype == DType::float64) Softmax<double>{c}.run();
  else Softmax<float>{c}.run();
  return Status::ok;
}

}  // namespace tenon::cpu
#endif
