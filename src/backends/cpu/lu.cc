// LU with partial pivoting: LAPACK's from 16 rows on, where there is one; below, where a call costs more than its work,
// and without a LAPACK loops of our own.
#include <cmath>
#include <utility>

#include "backends/cpu/lapack.h"
#include "tenon/lapack.h"

namespace tenon::lapack {
namespace {

constexpr std::int64_t kSmall = 16;

// P A = L U of m x n columns, column by column (Golub and Van Loan, Matrix Computations, 3.4.1). A column of zeros is
// left; a NaN counts as the largest.
template <class T>
void factor(T* a, std::int32_t* pivots, std::int64_t m, std::int64_t n) {
  for (std::int64_t k = 0; k < std::min(m, n); ++k) {
    T* column = a + k * m;
    std::int64_t pivot = k;
    for (std::int64_t i = k + 1; i < m; ++i)
      if (!(magnitude(column[i]) <= magnitude(column[pivot]))) pivot = i;
    pivots[k] = static_cast<std::int32_t>(pivot + 1);
    if (column[pivot] == T(0)) continue;
    if (pivot != k)
      for (std::int64_t j = 0; j < n; ++j) std::swap(a[j * m + k], a[j * m + pivot]);
    const T divisor = column[k];
    for (std::int64_t i = k + 1; i < m; ++i) column[i] /= divisor;
    for (std::int64_t j = k + 1; j < n; ++j) {
      T* other = a + j * m;
      const T factor = other[k];
      for (std::int64_t i = k + 1; i < m; ++i) other[i] -= column[i] * factor;
    }
  }
}

// One column of the right-hand side, of F x = b or F^T x = b (F^H with conjugated), in place.
template <class T>
void solve_column(const T* f, const std::int32_t* pivots, T* x, std::int64_t n, Side side) {
  if (side == Side::plain) {
    for (std::int64_t k = 0; k < n; ++k) std::swap(x[k], x[pivots[k] - 1]);
    for (std::int64_t k = 0; k < n; ++k)
      for (std::int64_t i = k + 1; i < n; ++i) x[i] -= f[k * n + i] * x[k];
    for (std::int64_t k = n - 1; k >= 0; --k) {
      x[k] /= f[k * n + k];
      for (std::int64_t i = 0; i < k; ++i) x[i] -= f[k * n + i] * x[k];
    }
    return;
  }
  const auto each = [&](T v) { return side == Side::adjoint ? conjugate(v) : v; };
  for (std::int64_t k = 0; k < n; ++k) {
    T sum = x[k];
    for (std::int64_t i = 0; i < k; ++i) sum -= each(f[k * n + i]) * x[i];
    x[k] = sum / each(f[k * n + k]);
  }
  for (std::int64_t k = n - 1; k >= 0; --k)
    for (std::int64_t i = k + 1; i < n; ++i) x[k] -= each(f[k * n + i]) * x[i];
  for (std::int64_t k = n - 1; k >= 0; --k) std::swap(x[k], x[pivots[k] - 1]);
}

template <class T>
std::int64_t lu_of(const LuCall& c) {
  using Getrf = void(const int*, const int*, T*, const int*, std::int32_t*, int*);
  T* const matrices = static_cast<T*>(c.matrices);
  const std::int64_t k = std::min(c.m, c.n);
  const auto getrf = k < kSmall ? nullptr : reinterpret_cast<Getrf*>(routine<T>("getrf"));
  const cpu::BlasSingleThread one_thread(getrf != nullptr);
  return for_each(c.count, c.m * c.n * k, [&](std::int64_t i) {
    T* a = matrices + i * c.m * c.n;
    std::int32_t* pivots = c.pivots + i * k;
    if (getrf) {
      const int m = static_cast<int>(c.m), n = static_cast<int>(c.n);
      int info = 0;
      getrf(&m, &n, a, &m, pivots, &info);
    } else {
      factor(a, pivots, c.m, c.n);
    }
    return true;
  });
}

template <class T>
std::int64_t lu_solve_of(const LuSolveCall& c) {
  using Getrs = void(const char*, const int*, const int*, const T*, const int*, const std::int32_t*, T*, const int*,
                     int*, Length);
  const T* const factors = static_cast<const T*>(c.factors);
  T* const columns = static_cast<T*>(c.columns);
  const auto getrs = c.n < kSmall ? nullptr : reinterpret_cast<Getrs*>(routine<T>("getrs"));
  const cpu::BlasSingleThread one_thread(getrs != nullptr);
  return for_each(c.count, c.n * c.n * c.k, [&](std::int64_t i) {
    const std::int64_t which = c.shared ? 0 : i;
    const T* f = factors + which * c.n * c.n;
    const std::int32_t* pivots = c.pivots + which * c.n;
    T* x = columns + i * c.n * c.k;
    for (std::int64_t j = 0; j < c.n && !c.lenient; ++j)
      if (f[j * c.n + j] == T(0)) return false;
    if (getrs) {
      const char side = c.side == Side::plain ? 'N' : c.side == Side::transposed ? 'T' : 'C';
      const int n = static_cast<int>(c.n), k = static_cast<int>(c.k);
      int info = 0;
      getrs(&side, &n, &k, f, &n, pivots, x, &n, &info, 1);
    } else {
      for (std::int64_t j = 0; j < c.k; ++j) solve_column(f, pivots, x + j * c.n, c.n, c.side);
    }
    return true;
  });
}

template <class T>
void determinant(const LuDetCall& c, std::int64_t i) {
  using R = RealOf<T>;
  const T* f = static_cast<const T*>(c.factors) + i * c.n * c.n;
  const std::int32_t* pivots = c.pivots + i * c.n;
  T product(1), sign(1);
  R logarithm = 0;
  for (std::int64_t k = 0; k < c.n; ++k) {
    const T d = f[k * c.n + k];
    if (pivots[k] != k + 1) product = -product, sign = -sign;
    product = product * d;
    if (!c.logarithms) continue;
    R size;
    if constexpr (is_complex_type<T>) size = abs(d);
    else size = std::abs(d);
    logarithm += std::log(size);
    sign = size == 0 ? T(0) : sign * (d / T(size));
  }
  if (c.determinants) static_cast<T*>(c.determinants)[i] = product;
  if (c.signs) static_cast<T*>(c.signs)[i] = sign;
  if (c.logarithms) static_cast<R*>(c.logarithms)[i] = logarithm;
}

}  // namespace

std::int64_t lu(const LuCall& c) {
  if (c.m > kMost || c.n > kMost) return kTooLarge;
  return with_type(c.dtype, [&]<class T>(T) { return lu_of<T>(c); });
}

std::int64_t lu_solve(const LuSolveCall& c) {
  if (c.n > kMost || c.k > std::numeric_limits<int>::max()) return kTooLarge;
  return with_type(c.dtype, [&]<class T>(T) { return lu_solve_of<T>(c); });
}

void lu_det(const LuDetCall& c) {
  with_type(c.dtype, [&]<class T>(T) {
    return for_each(c.count, c.n * 8, [&](std::int64_t i) { return determinant<T>(c, i), true; });
  });
}

}  // namespace tenon::lapack
