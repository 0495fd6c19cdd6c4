// Cholesky and triangular equations, of our own where a matrix is small or there is no LAPACK; QR and eigenvalues by
// LAPACK.
#include <cmath>
#include <vector>

#include "backends/cpu/lapack.h"
#include "tenon/lapack.h"

namespace tenon::lapack {
namespace {

constexpr std::int64_t kSmall = 16;

// A = L L^H row by row (Golub and Van Loan, Matrix Computations, 4.2): 0, or the order of the first minor that is not
// positive.
template <class T>
std::int64_t factor(T* a, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) {
    for (std::int64_t j = 0; j <= i; ++j) {
      T sum = a[i * n + j];
      for (std::int64_t k = 0; k < j; ++k) sum -= a[i * n + k] * conjugate(a[j * n + k]);
      if (j < i) {
        a[i * n + j] = sum / a[j * n + j];
        continue;
      }
      RealOf<T> square;
      if constexpr (is_complex_type<T>) square = sum.re;
      else square = sum;
      if (!(square > 0)) return i + 1;
      a[i * n + i] = T(std::sqrt(square));
    }
  }
  return 0;
}

template <class T>
std::int64_t cholesky_of(const CholeskyCall& c) {
  using Potrf = void(const char*, const int*, T*, const int*, int*, Length);
  const auto potrf = c.n < kSmall ? nullptr : reinterpret_cast<Potrf*>(routine<T>("potrf"));
  const cpu::BlasSingleThread one_thread(potrf != nullptr);
  return for_each(c.count, c.n * c.n * c.n / 3, [&](std::int64_t i) {
    T* a = static_cast<T*>(c.matrices) + i * c.n * c.n;
    std::int64_t order = 0;
    if (potrf) {
      // It sees the upper triangle of A^T = U^H U, and U^T is L.
      const char triangle = 'U';
      const int n = static_cast<int>(c.n);
      int info = 0;
      potrf(&triangle, &n, a, &n, &info, 1);
      order = info;
      for (std::int64_t row = 0; row < c.n && order == 0; ++row)  // OpenBLAS goes on with NaN
        if (!(real_part(a[row * (c.n + 1)]) > 0)) order = row + 1;
    } else {
      order = factor(a, c.n);
    }
    if (c.info) c.info[i] = static_cast<std::int32_t>(order);
    else if (order != 0) return false;
    for (std::int64_t row = 0; row < c.n; ++row) std::fill(a + row * c.n + row + 1, a + (row + 1) * c.n, T(0));
    return true;
  });
}

// One column of F x = b, F^T x = b or F^H x = b, in place; F column by column, lower or upper.
template <class T>
void solve_column(const T* f, T* x, const TriangularCall& c) {
  const bool plain = c.side == Side::plain, conjugated = c.side == Side::adjoint;
  const auto each = [&](T v) { return conjugated ? conjugate(v) : v; };
  const bool down = c.lower == plain;
  for (std::int64_t step = 0; step < c.n; ++step) {
    const std::int64_t k = down ? step : c.n - 1 - step;
    const std::int64_t begin = c.lower ? k + 1 : 0, end = c.lower ? c.n : k;
    if (!plain)
      for (std::int64_t i = begin; i < end; ++i) x[k] -= each(f[k * c.n + i]) * x[i];
    if (!c.unit) x[k] /= each(f[k * c.n + k]);
    if (plain)
      for (std::int64_t i = begin; i < end; ++i) x[i] -= f[k * c.n + i] * x[k];
  }
}

template <class T>
std::int64_t triangular_of(const TriangularCall& c) {
  using Trsm = void(const char*, const char*, const char*, const char*, const int*, const int*, const T*, const T*,
                    const int*, T*, const int*, Length, Length, Length, Length);
  const auto trsm = c.n < kSmall ? nullptr : reinterpret_cast<Trsm*>(routine<T>("trsm"));
  const cpu::BlasSingleThread one_thread(trsm != nullptr);
  return for_each(c.count, c.n * c.n * c.k, [&](std::int64_t i) {
    const T* f = static_cast<const T*>(c.matrices) + (c.shared ? 0 : i * c.n * c.n);
    T* x = static_cast<T*>(c.columns) + i * c.n * c.k;
    if (trsm) {
      const char left = 'L', triangle = c.lower ? 'L' : 'U', unit = c.unit ? 'U' : 'N',
                 side = c.side == Side::plain        ? 'N'
                        : c.side == Side::transposed ? 'T'
                                                     : 'C';
      const int n = static_cast<int>(c.n), k = static_cast<int>(c.k);
      const T one(1);
      trsm(&left, &triangle, &side, &unit, &n, &k, &one, f, &n, x, &n, 1, 1, 1, 1);
    } else {
      for (std::int64_t j = 0; j < c.k; ++j) solve_column(f, x + j * c.n, c);
    }
    return true;
  });
}

template <class T>
std::int64_t qr_of(const QrCall& c) {
  using Geqrf = void(const int*, const int*, T*, const int*, T*, T*, const int*, int*);
  using Orgqr = void(const int*, const int*, const int*, T*, const int*, const T*, T*, const int*, int*);
  const auto geqrf = reinterpret_cast<Geqrf*>(routine<T>("geqrf"));
  const auto orgqr = reinterpret_cast<Orgqr*>(routine<T>(is_complex_type<T> ? "ungqr" : "orgqr"));
  if (!geqrf || !orgqr) return kNoLibrary;
  const int m = static_cast<int>(c.m), n = static_cast<int>(c.n), k = std::min(m, n),
            columns = static_cast<int>(c.columns);
  const auto run = [&](T* a, T* tau, T* work, int lwork) {
    int info = 0;
    if (c.vectors) orgqr(&m, &columns, &k, a, &m, tau, work, &lwork, &info);
    else geqrf(&m, &n, a, &m, tau, work, &lwork, &info);
    return info == 0;
  };
  T size{}, nothing{};
  run(&nothing, &nothing, &size, -1);
  const std::int64_t lwork = size_of_work(real_part(size));
  if (lwork > std::numeric_limits<int>::max()) return kTooLarge;
  const cpu::BlasSingleThread one_thread;
  const std::int64_t elements = c.m * (c.vectors ? c.columns : c.n);
  return for_each(c.count, 2 * elements * k, [&](std::int64_t i) {
    std::vector<T> work(static_cast<std::size_t>(lwork));
    return run(static_cast<T*>(c.matrices) + i * elements, static_cast<T*>(c.tau) + i * k, work.data(),
               static_cast<int>(lwork));
  });
}

template <class R>
using ComplexOf = std::conditional_t<std::is_same_v<R, float>, complex64, complex128>;

template <class T>
std::int64_t eig_of(const EigCall& c) {
  using R = RealOf<T>;
  using C = ComplexOf<R>;
  void* symbol = routine<T>("geev");
  if (!symbol) return kNoLibrary;
  const int n = static_cast<int>(c.n), one = 1;
  const auto run = [&](T* a, T* w, R* imaginary, T* v, T* work, int lwork, R* rwork) {
    const char no = 'N', right = c.vectors ? 'V' : 'N';
    int info = 0;
    if constexpr (is_complex_type<T>) {
      reinterpret_cast<void (*)(const char*, const char*, const int*, T*, const int*, T*, T*, const int*, T*,
                                const int*, T*, const int*, R*, int*, Length, Length)>(symbol)(
          &no, &right, &n, a, &n, w, nullptr, &one, v, &n, work, &lwork, rwork, &info, 1, 1);
    } else {
      reinterpret_cast<void (*)(const char*, const char*, const int*, T*, const int*, T*, T*, T*, const int*, T*,
                                const int*, T*, const int*, int*, Length, Length)>(symbol)(
          &no, &right, &n, a, &n, w, imaginary, nullptr, &one, v, &n, work, &lwork, &info, 1, 1);
    }
    return info == 0;
  };
  T size{}, nothing{};
  R none{};
  run(&nothing, &nothing, &none, &nothing, &size, -1, &none);
  const std::int64_t lwork = size_of_work(real_part(size)), area = c.n * c.n;
  if (lwork > std::numeric_limits<int>::max()) return kTooLarge;
  const cpu::BlasSingleThread one_thread;
  return for_each(c.count, 25 * area * c.n, [&](std::int64_t i) {
    std::vector<T> work(static_cast<std::size_t>(lwork));
    std::vector<R> real(static_cast<std::size_t>(2 * c.n + 1));
    T* a = static_cast<T*>(c.matrices) + i * area;
    C *values = static_cast<C*>(c.values) + i * c.n,
      *vectors = c.vectors ? static_cast<C*>(c.vectors) + i * area : nullptr;
    if constexpr (is_complex_type<T>) {
      return run(a, values, nullptr, vectors ? vectors : &work[0], work.data(), static_cast<int>(lwork), real.data());
    } else {
      std::vector<T> of_values(static_cast<std::size_t>(c.n)), v(static_cast<std::size_t>(vectors ? area : 1));
      if (!run(a, of_values.data(), real.data(), v.data(), work.data(), static_cast<int>(lwork), nullptr)) return false;
      for (std::int64_t j = 0; j < c.n; ++j) {
        const auto at = static_cast<std::size_t>(j);
        values[j] = C(of_values[at], real[at]);
        if (!vectors) continue;
        // Of a conjugate pair, the first with a positive imaginary part, the parts of the vector stand in two columns.
        const std::int64_t pair = real[at] > 0 ? 1 : real[at] < 0 ? -1 : 0;
        for (std::int64_t row = 0; row < c.n; ++row) {
          const auto column = [&](std::int64_t q) { return v[static_cast<std::size_t>(q * c.n + row)]; };
          vectors[j * c.n + row] = pair > 0   ? C(column(j), column(j + 1))
                                   : pair < 0 ? C(column(j - 1), -column(j))
                                              : C(column(j), 0);
        }
      }
      return true;
    }
  });
}

}  // namespace

std::int64_t cholesky(const CholeskyCall& c) {
  if (c.n > kMost) return kTooLarge;
  return with_type(c.dtype, [&]<class T>(T) { return cholesky_of<T>(c); });
}
std::int64_t triangular(const TriangularCall& c) {
  if (c.n > kMost || c.k > std::numeric_limits<int>::max()) return kTooLarge;
  return with_type(c.dtype, [&]<class T>(T) { return triangular_of<T>(c); });
}
std::int64_t qr(const QrCall& c) {
  if (c.m > kMost || c.n > kMost) return kTooLarge;
  return with_type(c.dtype, [&]<class T>(T) { return qr_of<T>(c); });
}
std::int64_t eig(const EigCall& c) {
  if (c.n > kMost) return kTooLarge;
  return with_type(c.dtype, [&]<class T>(T) { return eig_of<T>(c); });
}

}  // namespace tenon::lapack
