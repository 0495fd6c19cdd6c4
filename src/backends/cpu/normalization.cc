// Normalization slab by slab, while it is in the cache. Gradients of weights are summed in pieces of a fixed size.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/normalization.cc"
#include "backends/cpu/targets.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "backends/cpu/backend.h"
#include "backends/cpu/parallel.h"

#ifndef TENON_NORMALIZATION_KERNELS_
#define TENON_NORMALIZATION_KERNELS_
namespace tenon::cpu {
// Of the slabs from begin to end. The gradients of weight and bias add up in dweight and dbias, which may be null.
struct NormalizationKernels {
  void (*forward)(const NormalizationCall&, std::int64_t begin, std::int64_t end);
  void (*backward)(const NormalizationCall&, std::int64_t begin, std::int64_t end, void* dweight, void* dbias);
};
}  // namespace tenon::cpu
#endif

HWY_BEFORE_NAMESPACE();
namespace tenon::cpu::HWY_NAMESPACE {
namespace {

using Size = std::int64_t;

constexpr Size kSums = 32;  // side by side, which the compiler keeps in vectors
constexpr Size kChunk = 4096;  // elements that are summed in T; chunks are added up in double

// The sum of f(i) for all i below n.
template <class T, class F>
HWY_INLINE double summed(Size n, F&& f) {
  double total = 0;
  for (Size from = 0; from < n; from += kChunk) {
    const Size end = std::min(n, from + kChunk);
    T sums[kSums] = {};
    Size i = from;
    for (; i + kSums <= end; i += kSums)
      for (Size j = 0; j < kSums; ++j) sums[j] += f(i + j);
    for (; i < end; ++i) sums[0] += f(i);
    for (Size half = kSums / 2; half > 0; half /= 2)
      for (Size j = 0; j < half; ++j) sums[j] += sums[j + half];
    total += static_cast<double>(sums[0]);
  }
  return total;
}

template <class T>
const T* at(const void* p, Size i) {
  return p ? static_cast<const T*>(p) + i : nullptr;
}
template <class T>
T* at(void* p, Size i) {
  return p ? static_cast<T*>(p) + i : nullptr;
}

template <class T>
struct Slab {
  Size rows, columns, row, n, begin, weights;  // row: from one to the next; begin and weights: where they begin
  Size weight_step;
  const T* x;
  const T* w;
  T mean = 0, rstd = 0;

  Slab(const NormalizationCall& c, Size s)
      : rows(c.rows),
        columns(c.columns),
        row(c.row_stride),
        n(c.rows * c.columns),
        begin(s * c.slab_stride),
        weights(s % c.groups * c.slab_weights),
        weight_step(c.row_weights),
        x(at<T>(c.x, begin)),
        w(at<T>(c.weight, weights)) {}
  // Rows of one element each, side by side, as those of layer_norm.
  bool flat() const { return columns == 1 && row == 1 && weight_step == 1; }
  T weight(Size r) const { return w ? w[r * weight_step] : T(1); }
  // The sum of f(row, i) for the elements of all rows.
  template <class F>
  HWY_INLINE double sum(F&& f) const {
    if (row == columns) return summed<T>(n, [&](Size i) { return f(x, i); });
    double total = 0;
    for (Size r = 0; r < rows; ++r) {
      const T* from = x + r * row;
      total += summed<T>(columns, [&](Size i) { return f(from, i); });
    }
    return total;
  }
};

template <class T>
void forward_flat(const NormalizationCall& c, const Slab<T>& slab) {
  const T* HWY_RESTRICT x = slab.x;
  const T* HWY_RESTRICT w = slab.w;
  const T* HWY_RESTRICT b = at<T>(c.bias, slab.weights);
  T* HWY_RESTRICT y = at<T>(c.out, slab.begin);
  const T m = slab.mean, r = slab.rstd;
  if (w && b)
    for (Size i = 0; i < slab.n; ++i) y[i] = (x[i] - m) * r * w[i] + b[i];
  else if (w)
    for (Size i = 0; i < slab.n; ++i) y[i] = (x[i] - m) * r * w[i];
  else if (b)
    for (Size i = 0; i < slab.n; ++i) y[i] = (x[i] - m) * r + b[i];
  else
    for (Size i = 0; i < slab.n; ++i) y[i] = (x[i] - m) * r;
}

template <class T>
void forward_slab(const NormalizationCall& c, Size s) {
  Slab<T> slab(c, s);
  const double count = static_cast<double>(slab.n);
  const T m = c.centred ? static_cast<T>(slab.sum([](const T* x, Size i) { return x[i]; }) / count) : T(0);
  const double var = slab.sum([m](const T* x, Size i) { return (x[i] - m) * (x[i] - m); }) / count;
  slab.mean = m;
  slab.rstd = static_cast<T>(1 / std::sqrt(var + c.eps));
  if (c.centred) *at<T>(c.mean, s) = m;
  *at<T>(c.rstd, s) = slab.rstd;
  if (slab.flat()) return forward_flat<T>(c, slab);
  const T* b = at<T>(c.bias, slab.weights);
  for (Size r = 0; r < slab.rows; ++r) {
    const T factor = slab.rstd * slab.weight(r), shift = b ? b[r * slab.weight_step] : T(0);
    const T* HWY_RESTRICT from = slab.x + r * slab.row;
    T* HWY_RESTRICT to = at<T>(c.out, slab.begin + r * slab.row);
    for (Size i = 0; i < slab.columns; ++i) to[i] = (from[i] - m) * factor + shift;
  }
}

// dx = g * weight * rstd - (x - mean) * slope - offset, from the sums of g * weight and of that times x normalized.
template <class T>
struct Slope {
  T slope, offset;
  Slope(const NormalizationCall& c, const Slab<T>& s, double of_g, double of_gx)
      : slope(static_cast<T>(of_gx * static_cast<double>(s.rstd) * static_cast<double>(s.rstd) /
                             static_cast<double>(s.n))),
        offset(c.centred ? static_cast<T>(of_g * static_cast<double>(s.rstd) / static_cast<double>(s.n)) : T(0)) {}
};

template <class T>
void backward_flat(const NormalizationCall& c, const Slab<T>& slab, T* HWY_RESTRICT dw, T* HWY_RESTRICT db) {
  const T* HWY_RESTRICT x = slab.x;
  const T* HWY_RESTRICT w = slab.w;
  const T* HWY_RESTRICT g = at<T>(c.g, slab.begin);
  T* HWY_RESTRICT dx = at<T>(c.dx, slab.begin);
  const T m = slab.mean, r = slab.rstd;
  if (dw)
    for (Size i = 0; i < slab.n; ++i) dw[i] += g[i] * ((x[i] - m) * r);
  if (db)
    for (Size i = 0; i < slab.n; ++i) db[i] += g[i];
  if (!dx) return;
  const auto gradient = [&](auto&& weighted) {
    const double of_g = c.centred ? summed<T>(slab.n, [&](Size i) { return weighted(i); }) : 0;
    const double of_gx = summed<T>(slab.n, [&](Size i) { return weighted(i) * ((x[i] - m) * r); });
    const Slope<T> to(c, slab, of_g, of_gx);
    for (Size i = 0; i < slab.n; ++i) dx[i] = weighted(i) * r - (x[i] - m) * to.slope - to.offset;
  };
  if (w) gradient([&](Size i) { return g[i] * w[i]; });
  else gradient([&](Size i) { return g[i]; });
}

template <class T>
void backward_rows(const NormalizationCall& c, const Slab<T>& slab, T* dw, T* db) {
  const T m = slab.mean, r = slab.rstd;
  double of_g = 0, of_gx = 0;
  for (Size k = 0; k < slab.rows; ++k) {
    const T* HWY_RESTRICT x = slab.x + k * slab.row;
    const T* HWY_RESTRICT g = at<T>(c.g, slab.begin + k * slab.row);
    const double plain = summed<T>(slab.columns, [&](Size i) { return g[i]; });
    const double with_x = summed<T>(slab.columns, [&](Size i) { return g[i] * ((x[i] - m) * r); });
    if (dw) dw[k * slab.weight_step] += static_cast<T>(with_x);
    if (db) db[k * slab.weight_step] += static_cast<T>(plain);
    of_g += plain * static_cast<double>(slab.weight(k));
    of_gx += with_x * static_cast<double>(slab.weight(k));
  }
  if (!c.dx) return;
  const Slope<T> to(c, slab, of_g, of_gx);
  for (Size k = 0; k < slab.rows; ++k) {
    const T* HWY_RESTRICT x = slab.x + k * slab.row;
    const T* HWY_RESTRICT g = at<T>(c.g, slab.begin + k * slab.row);
    T* HWY_RESTRICT dx = at<T>(c.dx, slab.begin + k * slab.row);
    const T factor = slab.weight(k) * r;
    for (Size i = 0; i < slab.columns; ++i) dx[i] = g[i] * factor - (x[i] - m) * to.slope - to.offset;
  }
}

template <class T>
void forward_slabs(const NormalizationCall& c, Size begin, Size end) {
  for (Size s = begin; s < end; ++s) forward_slab<T>(c, s);
}
template <class T>
void backward_slabs(const NormalizationCall& c, Size begin, Size end, void* dweight, void* dbias) {
  for (Size s = begin; s < end; ++s) {
    Slab<T> slab(c, s);
    slab.mean = c.centred ? *at<T>(c.mean, s) : T(0);
    slab.rstd = *at<T>(c.rstd, s);
    T *dw = at<T>(dweight, slab.weights), *db = at<T>(dbias, slab.weights);
    if (slab.flat()) backward_flat<T>(c, slab, dw, db);
    else backward_rows<T>(c, slab, dw, db);
  }
}

}  // namespace

NormalizationKernels normalization_float() { return {&forward_slabs<float>, &backward_slabs<float>}; }
NormalizationKernels normalization_double() { return {&forward_slabs<double>, &backward_slabs<double>}; }

}  // namespace tenon::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tenon::cpu {
HWY_EXPORT(normalization_float);
HWY_EXPORT(normalization_double);
namespace {

using Size = std::int64_t;

constexpr Size kMostPieces = 64;

// Backwards, in pieces that depend on the sizes alone; each has sums of its own, which are added up in order.
template <class T>
void run_backward(const NormalizationCall& c, const NormalizationKernels& k) {
  const Size n = std::max<Size>(c.rows * c.columns, 1), affine = c.n_weights;
  const Size least = std::max<Size>(std::max(kGrain, 4 * affine) / n, 1);  // slabs
  const Size each = std::max(least, (c.slabs + kMostPieces - 1) / kMostPieces), pieces = (c.slabs + each - 1) / each;
  const Size kinds = (c.dweight ? 1 : 0) + (c.dbias ? 1 : 0);
  std::vector<T> sums(static_cast<std::size_t>(pieces * kinds * affine), T(0));
  const auto part = [&](Size piece, Size kind) { return sums.data() + (piece * kinds + kind) * affine; };
  const Size of_bias = c.dweight ? 1 : 0;
  const auto run = [&](Size p) {
    k.backward(c, p * each, std::min(c.slabs, (p + 1) * each), c.dweight ? part(p, 0) : nullptr,
               c.dbias ? part(p, of_bias) : nullptr);
  };
  if (pieces == 1) run(0);
  else parallel_tasks(pieces, run);
  const auto gather = [&](void* to, Size kind) {
    T* out = static_cast<T*>(to);
    std::fill_n(out, affine, T(0));
    for (Size p = 0; p < pieces; ++p)
      for (Size i = 0; i < affine; ++i) out[i] += part(p, kind)[i];
  };
  if (c.dweight) gather(c.dweight, 0);
  if (c.dbias) gather(c.dbias, of_bias);
}

}  // namespace

Status normalization(const NormalizationCall& c) {
  if (c.dtype != DType::float32 && c.dtype != DType::float64) return Status::unavailable;
  if (c.slabs == 0) return Status::ok;
  const bool wide = c.dtype == DType::float64;
  static const NormalizationKernels of_float = HWY_DYNAMIC_DISPATCH(normalization_float)(),
                                    of_double = HWY_DYNAMIC_DISPATCH(normalization_double)();
  const NormalizationKernels& k = wide ? of_double : of_float;
  if (c.kind == NormalizationPass::backward) {
    if (wide) run_backward<double>(c, k);
    else run_backward<float>(c, k);
    return Status::ok;
  }
  const Size grain = std::max<Size>(kGrain / 4 / std::max<Size>(c.rows * c.columns, 1), 1);
  parallel_for(c.slabs, grain, [&](Size begin, Size end) { k.forward(c, begin, end); });
  return Status::ok;
}

}  // namespace tenon::cpu
#endif
