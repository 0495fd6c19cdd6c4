// One row of a recurrent layer's gates, forwards and backwards. Included once per SIMD target.
#if defined(TENON_GATES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef TENON_GATES_INL_H_
#undef TENON_GATES_INL_H_
#else
#define TENON_GATES_INL_H_
#endif

#include <hwy/highway.h>

#include <cstdint>

#include "backends/cpu/lanes-inl.h"
#include "backends/scalar/math.h"
#include "tenon/calls.h"

HWY_BEFORE_NAMESPACE();
namespace tenon::cpu::HWY_NAMESPACE {

// Parts lie so many elements apart. What is kept for backward is null where it is not.
template <class T>
struct GateRow {
  std::int64_t n, part, sums_part;
  const T *x, *sums, *bias, *bias_n;  // the projections of the input and of the state
  const T* h;  // before the step
  T *c, *next;  // the state, and where h' goes
  T *kept, *c_before, *c_tanh, *h_part;
};
template <class T>
struct GradientRow {
  std::int64_t n;
  const T *gates, *c_before, *c_tanh, *h_part, *h_before, *y;
  T *dh, *dc, *d, *d_x;
};

// 1 / x to 2^-23 for 1 <= x <= 2^126, by three steps of Newton's from a guess of the exponent: a division takes as long as
// five such functions (a row of gates has five).
TENON_INLINE float reciprocal(float x) {
  float y = scalar::detail::from_bits(0x7ef311c7 - scalar::detail::bits(x));
  y = y * (2 - x * y);
  y = y * (2 - x * y);
  return y * (2 - x * y);
}

// 1 / (1 + e^-x), to some 2^-23: without the care that sigmoid takes of small results.
TENON_INLINE float gate(float x) {
  const float t = scalar::detail::at_most(126.0f, scalar::detail::at_least(-126.0f, x * -0x1.715476p+0f));
  const float y = reciprocal(1 + scalar::detail::normal_exp2(t));
  return x == x ? y : x;
}
TENON_INLINE double gate(double x) { return scalar::sigmoid(x); }

// As scalar::tanh, but for the division.
TENON_INLINE float gate_tanh(float x) {
  const float a = scalar::detail::abs(x), z = a * a;
  const float near = a + a * z *
                             scalar::detail::poly(z, -0.33333328944134255, 0.13332769736976327, -0.05385090957851358,
                                                  0.020997178999074752, -0.006096714165908197);
  const float e = scalar::detail::normal_exp2(scalar::detail::at_most(30.0f, a * 0x1.715476p+1f));
  return scalar::detail::copysign(a >= 0.625f ? 1 - 2 * reciprocal(e + 1) : near, x);  // near keeps NaN
}
TENON_INLINE double gate_tanh(double x) { return scalar::tanh(x); }

#if HWY_ARCH_X86 && HWY_TARGET <= HWY_AVX3
TENON_INLINE V gate(V x) {  // 2^n by its bits
  constexpr double shift = scalar::detail::float_shifter + 127;
  const V t = between(-87, 87, -x), shifted = t * set(scalar::detail::log2_e) + set(shift), n = shifted - set(shift);
  const V r = (t - n * set(0x1.62e4p-1)) - n * set(0x1.7f7d1cp-20);
  const V scale = _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_castps_si512(shifted), 23));
  const V d = PowerOfE::mantissa(r) * scale + set(1), over = _mm512_rcp14_ps(d);
  return over + over * (set(1) - d * over);
}
TENON_INLINE V gate_tanh(V x) { return Wide<scalar::ops::tanh>::of(x); }
#endif

template <bool Keep, class T>
void lstm_row(const GateRow<T>& row) {
  const std::int64_t part = row.part, sums = row.sums_part;
  over_lanes<T>(row.n, [&](auto lanes, std::int64_t q) __attribute__((always_inline)) {
    const auto sum = [&](int k) __attribute__((always_inline)) {
      return lanes.get(row.x, q + k * part) + (lanes.get(row.sums, q + k * sums) + lanes.get(row.bias, q + k * part));
    };
    const auto i = gate(sum(0)), f = gate(sum(1)), g = gate_tanh(sum(2)), o = gate(sum(3));
    const auto was = lanes.get(row.c, q), now = f * was + i * g, t = gate_tanh(now);
    if constexpr (Keep) {
      lanes.put(row.kept, q, i);
      lanes.put(row.kept, q + part, f);
      lanes.put(row.kept, q + 2 * part, g);
      lanes.put(row.kept, q + 3 * part, o);
      lanes.put(row.c_before, q, was);
      lanes.put(row.c_tanh, q, t);
    }
    lanes.put(row.c, q, now);
    lanes.put(row.next, q, o * t);
  });
}

template <bool Keep, class T>
void gru_row(const GateRow<T>& row) {
  const std::int64_t part = row.part, sums = row.sums_part;
  over_lanes<T>(row.n, [&](auto lanes, std::int64_t q) __attribute__((always_inline)) {
    const auto x = [&](int k) __attribute__((always_inline)) { return lanes.get(row.x, q + k * part); };
    const auto state = [&](int k) __attribute__((always_inline)) { return lanes.get(row.sums, q + k * sums); };
    const auto bias = [&](int k) __attribute__((always_inline)) { return lanes.get(row.bias, q + k * part); };
    const auto r = gate(x(0) + (state(0) + bias(0))), z = gate(x(1) + (state(1) + bias(1)));
    const auto hn = state(2) + lanes.get(row.bias_n, q), n = gate_tanh((x(2) + bias(2)) + r * hn);
    if constexpr (Keep) {
      lanes.put(row.kept, q, r);
      lanes.put(row.kept, q + part, z);
      lanes.put(row.kept, q + 2 * part, n);
      lanes.put(row.h_part, q, hn);
    }
    lanes.put(row.next, q, z * (lanes.get(row.h, q) - n) + n);
  });
}

template <class T>
void rnn_row(const GateRow<T>& row, bool is_tanh) {
  const auto sum = [&](auto lanes, std::int64_t q) __attribute__((always_inline)) {
    return lanes.get(row.x, q) + (lanes.get(row.sums, q) + lanes.get(row.bias, q));
  };
  if (is_tanh)
    over_lanes<T>(row.n, [&](auto lanes, std::int64_t q)
                             __attribute__((always_inline)) { lanes.put(row.next, q, gate_tanh(sum(lanes, q))); });
  else {
#pragma GCC ivdep
    for (std::int64_t q = 0; q < row.n; ++q) {
      const T v = sum(OneLane<T>(), q);
      row.next[q] = v < 0 ? T(0) : v;
    }
  }
}

template <class T>
void forward_row(Cell cell, const GateRow<T>& row) {
  switch (cell) {
    case Cell::lstm: return row.kept ? lstm_row<true>(row) : lstm_row<false>(row);
    case Cell::gru: return row.kept ? gru_row<true>(row) : gru_row<false>(row);
    case Cell::rnn_tanh: return rnn_row(row, true);
    case Cell::rnn_relu: return rnn_row(row, false);
  }
}

template <class T>
void lstm_gradient(const GradientRow<T>& row) {
  const std::int64_t n = row.n;
  const T *i = row.gates, *f = i + n, *g = f + n, *o = g + n, *before = row.c_before, *t = row.c_tanh, *dh = row.dh;
  T *di = row.d, *df = di + n, *dg = df + n, *d_o = dg + n, *dc = row.dc;
#pragma GCC ivdep
  for (std::int64_t q = 0; q < n; ++q) {
    const T of_c = dh[q] * o[q] * (1 - t[q] * t[q]) + dc[q];
    d_o[q] = dh[q] * t[q] * (o[q] * (1 - o[q]));
    di[q] = of_c * g[q] * (i[q] * (1 - i[q]));
    df[q] = of_c * before[q] * (f[q] * (1 - f[q]));
    dg[q] = of_c * i[q] * (1 - g[q] * g[q]);
    dc[q] = of_c * f[q];
  }
}

// Leaves in dh what goes to h before past the product.
template <class T>
void gru_gradient(const GradientRow<T>& row) {
  const std::int64_t size = row.n;
  const T *r = row.gates, *z = r + size, *n = z + size, *hn = row.h_part, *before = row.h_before;
  T *dr = row.d, *dz = dr + size, *dn = dz + size, *xr = row.d_x, *xz = xr + size, *xn = xz + size, *dh = row.dh;
#pragma GCC ivdep
  for (std::int64_t q = 0; q < size; ++q) {
    const T of_n = dh[q] * (1 - z[q]) * (1 - n[q] * n[q]);
    const T of_r = of_n * hn[q] * (r[q] * (1 - r[q])), of_z = dh[q] * (before[q] - n[q]) * (z[q] * (1 - z[q]));
    dr[q] = xr[q] = of_r;
    dz[q] = xz[q] = of_z;
    dn[q] = of_n * r[q];
    xn[q] = of_n;
    dh[q] = dh[q] * z[q];
  }
}

template <class T>
void backward_row(Cell cell, const GradientRow<T>& row) {
  const std::int64_t n = row.n;
  const T *y = row.y, *dh = row.dh;
  T* d = row.d;
  switch (cell) {
    case Cell::lstm: return lstm_gradient(row);
    case Cell::gru: return gru_gradient(row);
    case Cell::rnn_tanh:
#pragma GCC ivdep
      for (std::int64_t q = 0; q < n; ++q) d[q] = dh[q] * (1 - y[q] * y[q]);
      return;
    case Cell::rnn_relu:
#pragma GCC ivdep
      for (std::int64_t q = 0; q < n; ++q) d[q] = y[q] > 0 ? dh[q] : T(0);
  }
}

}  // namespace tenon::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
