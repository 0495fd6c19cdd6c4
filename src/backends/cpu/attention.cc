// Scaled dot-product attention in blocks of queries and keys (Dao et al., "FlashAttention", 2022): the scores of a block
// stay in the L2 cache, and rows are rescaled when a block has a larger score.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/attention.cc"
#include "backends/cpu/targets.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "backends/cpu/backend.h"
#include "backends/cpu/exponentials-inl.h"
#include "backends/cpu/parallel.h"
#include "backends/cpu/products.h"
#include "backends/cpu/scratch.h"
#include "backends/scalar/math.h"
#include "backends/scalar/philox.h"

#ifndef TENON_ATTENTION_KERNELS_
#define TENON_ATTENTION_KERNELS_
namespace tenon::cpu {
// Of one row of a block.
template <class T>
struct AttentionKernels {
  void (*scale)(T* x, std::int64_t n, T factor);  // x * factor
  T (*largest)(const T* x, std::int64_t n);  // -inf of none; NaNs do not count
  T (*exp_sum)(T* x, std::int64_t n, T factor, T highest);  // x = exp(x * factor - highest), and their sum
  T (*dot)(const T* a, const T* b, std::int64_t n);
  void (*add_scaled)(T* sum, T factor, const T* x, std::int64_t n);  // sum * factor + x
  void (*scores_gradient)(const T* p, T* dp, std::int64_t n, T dot, T factor);  // dp = p * (dp - dot) * factor
  void (*keep)(T* u, std::int64_t n, T dropout, T factor);  // u = u < dropout ? 0 : factor
  void (*multiply)(T* x, const T* by, std::int64_t n);
};
}  // namespace tenon::cpu
#endif

HWY_BEFORE_NAMESPACE();
namespace tenon::cpu::HWY_NAMESPACE {

template <class T>
void scale_all(T* x, std::int64_t n, T factor) {
  for (std::int64_t i = 0; i < n; ++i) x[i] *= factor;
}
template <class T>
T exp_sum_in_place(T* x, std::int64_t n, T factor, T highest) {
  return exp_sum_of(x, x, n, factor, highest);
}
template <class T>
T dot_of(const T* a, const T* b, std::int64_t n) {
  T sums[kSums] = {};
  std::int64_t i = 0;
  for (; i + kSums <= n; i += kSums)
    for (std::int64_t j = 0; j < kSums; ++j) sums[j] += a[i + j] * b[i + j];
  T sum = total(sums);
  for (; i < n; ++i) sum += a[i] * b[i];
  return sum;
}
template <class T>
void add_scaled_all(T* HWY_RESTRICT sum, T factor, const T* HWY_RESTRICT x, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) sum[i] = sum[i] * factor + x[i];
}
template <class T>
void scores_gradient_of(const T* HWY_RESTRICT p, T* HWY_RESTRICT dp, std::int64_t n, T dot, T factor) {
  for (std::int64_t i = 0; i < n; ++i) dp[i] = p[i] * (dp[i] - dot) * factor;
}
template <class T>
void keep_all(T* u, std::int64_t n, T dropout, T factor) {
  for (std::int64_t i = 0; i < n; ++i) u[i] = u[i] < dropout ? T(0) : factor;
}
template <class T>
void multiply_all(T* HWY_RESTRICT x, const T* HWY_RESTRICT by, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) x[i] *= by[i];
}

template <class T>
AttentionKernels<T> attention_kernels() {
  return {&scale_all<T>,      &largest_of<T>,         &exp_sum_in_place<T>, &dot_of<T>,
          &add_scaled_all<T>, &scores_gradient_of<T>, &keep_all<T>,         &multiply_all<T>};
}
AttentionKernels<float> attention_float() { return attention_kernels<float>(); }
AttentionKernels<double> attention_double() { return attention_kernels<double>(); }

}  // namespace tenon::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tenon::cpu {
HWY_EXPORT(attention_float);
HWY_EXPORT(attention_double);
namespace {

using Size = std::int64_t;

// The most queries and keys of a block: its scores take 128 KB as float32. Where there are more, blocks are whole tiles of
// the products: 224 is a multiple of 14 rows and of 32 columns.
constexpr Size kQueries = 128, kKeys = 256, kKeysOfMany = 224;
// A task of this many multiplications is worth a thread.
constexpr double kTask = 2e6;
// Half a unit in the last place of smaller scores changes their exponentials by 3e-5 at most, in float32.
constexpr int kLargeScore = 1024;

template <class T>
const AttentionKernels<T>& kernels_for() {
  static const AttentionKernels<T> k = [] {
    if constexpr (std::is_same_v<T, float>) return HWY_DYNAMIC_DISPATCH(attention_float)();
    else return HWY_DYNAMIC_DISPATCH(attention_double)();
  }();
  return k;
}

// A matrix of a head, or of a block: rows of columns side by side.
template <class T>
struct Matrix {
  T* data;
  Size row;  // from one row to the next
  Matrix from(Size i) const { return {data + i * row, row}; }
};

template <class T>
struct AttentionBlocks {
  const AttentionCall& c;
  const AttentionKernels<T>& k = kernels_for<T>();
  const Product gemm = products().gemm[static_cast<int>(c.dtype)], gemv = products().gemv[static_cast<int>(c.dtype)];
  const T scale = static_cast<T>(c.scale);
  const Size tile = products().wide ? products().rows : 8;
  const Size queries = c.queries <= kQueries ? c.queries : kQueries / tile * tile;
  const Size keys = c.keys <= kKeys ? c.keys : kKeysOfMany;
  const Size per_key_head = c.heads / c.key_heads;

  static Matrix<T> matrix(const Heads& h, Size batch, Size head) {
    return {static_cast<T*>(h.data) + batch * h.strides[0] + head * h.strides[1], h.strides[2]};
  }

  // to = a @ b; a_step and b_step: from one column to the next, for what is read transposed.
  void multiply(Matrix<T> to, Size m, Size n, Size inner, const T* a, Size a_row, Size a_step, const T* b, Size b_row,
                Size b_step) const {
    const MatrixProduct g{a, b, to.data, m, n, inner, {a_row, a_step}, {b_row, b_step}, {to.row, 1}};
    (n == 1 ? gemv : gemm)(g);
  }

  // Where the keys end that a block of queries sees.
  Size keys_end(Size first_query, Size n_queries) const {
    return c.causal ? std::min(c.keys, first_query + n_queries) : c.keys;
  }

  // What the scores are multiplied by when their exponentials are formed. They are scaled before where there is a mask, or
  // the largest score would not stay the largest and finite.
  const T late = !c.mask.data && scale > 0 && scale <= 1 ? scale : T(1);

  // The scores of queries from i and keys from j: scaled but for `late`, masked.
  void scores(Matrix<T> s, Matrix<T> q, Matrix<T> key, Size i, Size ni, Size j, Size nj, Size batch, Size head) const {
    const T *a = q.from(i).data, *b = key.from(j).data;
    multiply(s, ni, nj, c.width, a, q.row, 1, b, 1, key.row);
    for (Size r = 0; r < ni; ++r) {
      T* row = s.from(r).data;
      if (late != scale) k.scale(row, nj, scale);
      if (c.mask.data) mask_row(row, i + r, j, nj, batch, head);
      if (c.causal) std::fill(row + std::clamp<Size>(i + r + 1 - j, 0, nj), row + nj, static_cast<T>(-INFINITY));
    }
  }
  // row = exp(row * late - shift), and their sum. A product that is rounded as the largest score's was cancels it exactly;
  // one that is not, in a fused multiply-add, is off by half a unit in the last place: of large scores that is much.
  T exp_row(T* row, Size n, T shift) const {
    if (late == 1 || std::abs(shift) < kLargeScore || std::isinf(shift)) return k.exp_sum(row, n, late, shift);
    k.scale(row, n, late);
    return k.exp_sum(row, n, T(1), shift);
  }
  void mask_row(T* row, Size i, Size j, Size n, Size batch, Size head) const {
    const Size at = batch * c.mask.strides[0] + head * c.mask.strides[1] + i * c.mask.strides[2] + j * c.mask_column;
    if (is_bool(c.mask_dtype)) {
      const auto* seen = static_cast<const unsigned char*>(c.mask.data) + at;
      for (Size l = 0; l < n; ++l)
        if (!seen[l * c.mask_column]) row[l] = -INFINITY;
    } else {
      const T* added = static_cast<const T*>(c.mask.data) + at;
      for (Size l = 0; l < n; ++l) row[l] += added[l * c.mask_column];
    }
  }

  // What the weights of query i and keys from j are multiplied by: 0, or 1 / (1 - dropout).
  void kept_row(T* row, Size i, Size j, Size n, Size batch, Size head) const {
    const Size place = ((batch * c.heads + head) * c.queries + i) * c.keys + j;
    RandomCall uniform{};
    uniform.kind = Random::uniform;
    uniform.dtype = c.dtype;
    uniform.seed = c.seed;
    uniform.offset = c.offset + static_cast<std::uint64_t>(place);
    uniform.b = 1;
    uniform.out = row;
    uniform.n = n;
    random(uniform);
    k.keep(row, n, static_cast<T>(c.dropout), static_cast<T>(1 / (1 - c.dropout)));
  }

  T* lse(Size batch, Size head) const { return static_cast<T*>(c.lse) + (batch * c.heads + head) * c.queries; }

  // ---- forward: the queries from i of one head ----

  Size forward_scratch() const { return queries * (keys + c.value_width) + 2 * queries; }

  void forward(Size batch, Size head, Size i) const {
    const Size ni = std::min(queries, c.queries - i), end = keys_end(i, ni);
    T* memory = static_cast<T*>(scratch(3, sizeof(T) * static_cast<std::size_t>(forward_scratch())));
    const Matrix<T> s{memory, keys}, part{memory + queries * keys, c.value_width};
    T *highest = part.data + queries * c.value_width, *sum = highest + queries;
    const Matrix<T> q = matrix(c.q, batch, head), key = matrix(c.k, batch, head / per_key_head),
                    value = matrix(c.v, batch, head / per_key_head), out = matrix(c.out, batch, head).from(i);
    std::fill(highest, highest + ni, static_cast<T>(-INFINITY));
    std::fill(sum, sum + ni, T(0));
    for (Size j = 0; j < end; j += keys) {
      const Size nj = std::min(keys, end - j);
      scores(s, q, key, i, ni, j, nj, batch, head);
      T kept[kQueries];  // what the sums so far are multiplied by
      for (Size r = 0; r < ni; ++r) {
        T* row = s.from(r).data;
        const T most = std::max(highest[r], k.largest(row, nj) * late);
        // A row without any score so far has no highest one to be shifted by.
        const T shift = most == -INFINITY ? T(0) : most;
        kept[r] = highest[r] == -INFINITY ? T(0) : std::exp(highest[r] - shift);
        sum[r] = sum[r] * kept[r] + exp_row(row, nj, shift);
        highest[r] = most;
        if (c.dropout > 0) {
          T factors[kKeys];
          kept_row(factors, i + r, j, nj, batch, head);
          k.multiply(row, factors, nj);
        }
      }
      multiply(j == 0 ? out : part, ni, c.value_width, nj, s.data, s.row, 1, value.from(j).data, value.row, 1);
      if (j > 0)
        for (Size r = 0; r < ni; ++r) k.add_scaled(out.from(r).data, kept[r], part.from(r).data, c.value_width);
    }
    for (Size r = 0; r < ni; ++r) {
      // What sees no key is 0.
      k.scale(out.from(r).data, c.value_width, sum[r] == 0 ? T(0) : 1 / sum[r]);
      lse(batch, head)[i + r] = sum[r] == 0 ? static_cast<T>(-INFINITY) : highest[r] + std::log(sum[r]);
    }
  }

  // ---- backward: all heads that read one head of the keys, in order, so that sums have the same bits ----

  Size backward_scratch() const {
    return queries * ((c.dropout > 0 ? 3 : 2) * keys + c.width) + keys * std::max(c.width, c.value_width) + queries;
  }

  void add(Matrix<T> to, Matrix<T> x, Size rows, Size columns) const {
    for (Size r = 0; r < rows; ++r) k.add_scaled(to.from(r).data, T(1), x.from(r).data, columns);
  }
  // to (+)= a.T @ b, by `part` where it adds.
  void multiply_transposed(Matrix<T> to, bool first, T* part, Size m, Size n, Size inner, Matrix<T> a,
                           Matrix<T> b) const {
    const Matrix<T> product = first ? to : Matrix<T>{part, n};
    multiply(product, m, n, inner, a.data, 1, a.row, b.data, b.row, 1);
    if (!first) add(to, product, m, n);
  }
  static void clear(Matrix<T> t, Size from, Size rows, Size columns) {
    for (Size r = from; r < rows; ++r) std::fill_n(t.from(r).data, columns, T(0));
  }

  void backward(Size batch, Size key_head) const {
    T* memory = static_cast<T*>(scratch(3, sizeof(T) * static_cast<std::size_t>(backward_scratch())));
    const Matrix<T> key = matrix(c.k, batch, key_head), value = matrix(c.v, batch, key_head),
                    dk = matrix(c.dk, batch, key_head), dv = matrix(c.dv, batch, key_head);
    Size reached = 0;  // the keys whose gradients hold a sum already
    for (Size head = key_head * per_key_head; head < (key_head + 1) * per_key_head; ++head)
      for (Size i = 0; i < c.queries; i += queries) {
        const Size ni = std::min(queries, c.queries - i), end = keys_end(i, ni);
        backward_block(memory, batch, head, i, ni, end, reached, key, value, dk, dv);
        reached = std::max(reached, (end + keys - 1) / keys * keys);
      }
    clear(dk, reached, c.keys, c.width);
    clear(dv, reached, c.keys, c.value_width);
  }

  void backward_block(T* memory, Size batch, Size head, Size i, Size ni, Size end, Size reached, Matrix<T> key,
                      Matrix<T> value, Matrix<T> dk, Matrix<T> dv) const {
    const Matrix<T> p{memory, keys}, dp{memory + queries * keys, keys}, dq_part{dp.data + queries * keys, c.width};
    T *part = dq_part.data + queries * c.width, *dots = part + keys * std::max(c.width, c.value_width);
    const Matrix<T> kept{dots + queries, keys};  // with dropout
    const Matrix<T> q = matrix(c.q, batch, head), g = matrix(c.g, batch, head).from(i),
                    out = matrix(c.out, batch, head).from(i), dq = matrix(c.dq, batch, head).from(i);
    const T* sums = lse(batch, head) + i;
    for (Size r = 0; r < ni; ++r) dots[r] = k.dot(g.from(r).data, out.from(r).data, c.value_width);
    for (Size j = 0; j < end; j += keys) {
      const Size nj = std::min(keys, end - j), all = std::min(keys, c.keys - j);
      const bool first = j >= reached;
      scores(p, q, key, i, ni, j, nj, batch, head);
      for (Size r = 0; r < ni; ++r)
        exp_row(p.from(r).data, nj, sums[r] == -INFINITY ? static_cast<T>(INFINITY) : sums[r]);
      multiply(dp, ni, nj, c.value_width, g.data, g.row, 1, value.from(j).data, 1, value.row);
      if (c.dropout > 0)
        for (Size r = 0; r < ni; ++r) {
          T* row = kept.from(r).data;
          kept_row(row, i + r, j, nj, batch, head);
          k.multiply(dp.from(r).data, row, nj);
          k.multiply(row, p.from(r).data, nj);
        }
      multiply_transposed(dv.from(j), first, part, nj, c.value_width, ni, c.dropout > 0 ? kept : p, g);
      for (Size r = 0; r < ni; ++r) k.scores_gradient(p.from(r).data, dp.from(r).data, nj, dots[r], scale);
      multiply_transposed(dk.from(j), first, part, nj, c.width, ni, dp, q.from(i));
      if (first) clear(dk.from(j), nj, all, c.width), clear(dv.from(j), nj, all, c.value_width);
      multiply(j == 0 ? dq : dq_part, ni, c.width, nj, dp.data, dp.row, 1, key.from(j).data, key.row, 1);
      if (j > 0) add(dq, dq_part, ni, c.width);
    }
  }

  // ---- both: tasks of many blocks where these are small ----

  template <class F>
  void in_tasks(Size n, double multiplications, F&& f) const {
    const Size group = std::clamp<Size>(static_cast<Size>(kTask / std::max(multiplications, 1.0)), 1, n);
    const auto run = [&](Size t) {
      for (Size i = t * group; i < std::min(n, (t + 1) * group); ++i) f(i);
    };
    if (group == n) return run(0);
    parallel_tasks((n + group - 1) / group, run);
  }

  void run() const {
    const double widths = static_cast<double>(c.keys) * static_cast<double>(c.width + c.value_width);
    if (c.kind == Attention::forward) {
      const Size blocks = (c.queries + queries - 1) / queries;
      in_tasks(c.batch * c.heads * blocks, static_cast<double>(queries) * widths,
               [&](Size t) { forward(t / blocks / c.heads, t / blocks % c.heads, t % blocks * queries); });
    } else {
      const double each = static_cast<double>(c.queries * per_key_head) * widths * 2.5;
      in_tasks(c.batch * c.key_heads, each, [&](Size t) { backward(t / c.key_heads, t % c.key_heads); });
    }
  }
};

}  // namespace

Status attention(const AttentionCall& call) {
  if (call.dtype != DType::float32 && call.dtype != DType::float64) return Status::unavailable;
  if (call.mask.data && !is_bool(call.mask_dtype) && call.mask_dtype != call.dtype) return Status::unavailable;
  if (call.batch == 0) return Status::ok;
  AttentionCall c = call;
  const scalar::Place place(c.seed, c.offset, c.state);
  c.seed = place.seed, c.offset = place.offset;
  if (c.dtype == DType::float64) AttentionBlocks<double>{c}.run();
  else AttentionBlocks<float>{c}.run();
  return Status::ok;
}

}  // namespace tenon::cpu
#endif
