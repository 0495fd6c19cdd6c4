#include "tenon/lapack.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "backends/cpu/lapack.h"

namespace tenon::lapack {
namespace {

template <class T>
std::int64_t eigh_of(const EighCall& c) {
  using R = RealOf<T>;
  void* symbol = routine<T>(is_complex_type<T> ? "heevd" : "syevd");
  if (!symbol) return kNoLibrary;
  const auto call = [&](T* a, R* w, T* work, int lwork, R* rwork, int lrwork, int* iwork, int liwork) {
    const char job = c.vectors ? 'V' : 'N', triangle = c.upper ? 'L' : 'U';
    const int n = static_cast<int>(c.n);
    int info = 0;
    if constexpr (is_complex_type<T>) {
      reinterpret_cast<void (*)(const char*, const char*, const int*, T*, const int*, R*, T*, const int*, R*,
                                const int*, int*, const int*, int*, Length, Length)>(symbol)(
          &job, &triangle, &n, a, &n, w, work, &lwork, rwork, &lrwork, iwork, &liwork, &info, 1, 1);
    } else {
      reinterpret_cast<void (*)(const char*, const char*, const int*, T*, const int*, R*, T*, const int*, int*,
                                const int*, int*, Length, Length)>(symbol)(&job, &triangle, &n, a, &n, w, work, &lwork,
                                                                           iwork, &liwork, &info, 1, 1);
    }
    return info == 0;
  };
  T work{};
  R rwork{}, none{};
  int iwork = 0;
  T nothing{};
  call(&nothing, &none, &work, -1, &rwork, -1, &iwork, -1);
  const std::int64_t lwork = size_of_work(real_part(work)), lrwork = size_of_work(static_cast<double>(rwork)),
                     liwork = std::max(iwork, 1);
  if (std::max(lwork, lrwork) > std::numeric_limits<int>::max()) return kTooLarge;
  const cpu::BlasSingleThread one_thread;
  return for_each(c.count, 10 * c.n * c.n * c.n, [&](std::int64_t i) {
    std::vector<T> w(static_cast<std::size_t>(lwork));
    std::vector<R> r(static_cast<std::size_t>(is_complex_type<T> ? lrwork : 1));
    std::vector<int> iw(static_cast<std::size_t>(liwork));
    return call(static_cast<T*>(c.matrices) + i * c.n * c.n, static_cast<R*>(c.values) + i * c.n, w.data(),
                static_cast<int>(lwork), r.data(), static_cast<int>(lrwork), iw.data(), static_cast<int>(liwork));
  });
}

template <class T>
bool is_finite(const T* values, std::int64_t n) {
  const auto* parts = reinterpret_cast<const RealOf<T>*>(values);
  return std::all_of(parts, parts + n * static_cast<std::int64_t>(sizeof(T) / sizeof(RealOf<T>)),
                     [](RealOf<T> v) { return std::isfinite(v); });
}

template <class T>
std::int64_t svd_of(const SvdCall& c) {
  using R = RealOf<T>;
  void* symbol = routine<T>("gesdd");
  if (!symbol) return kNoLibrary;
  const std::int64_t k = std::min(c.m, c.n), most = std::max(c.m, c.n);
  const std::int64_t columns = c.full ? c.m : k, rows = c.full ? c.n : k;
  const auto call = [&](T* a, R* s, T* u, T* vh, T* work, int lwork, R* rwork, int* iwork) {
    const char job = !c.u ? 'N' : c.full ? 'A' : 'S';
    const int m = static_cast<int>(c.n), n = static_cast<int>(c.m), ldu = m, ldvt = static_cast<int>(columns);
    int info = 0;
    // The transposed matrix is Vh^T S U^T.
    if constexpr (is_complex_type<T>) {
      reinterpret_cast<void (*)(const char*, const int*, const int*, T*, const int*, R*, T*, const int*, T*, const int*,
                                T*, const int*, R*, int*, int*, Length)>(symbol)(
          &job, &m, &n, a, &m, s, vh, &ldu, u, &ldvt, work, &lwork, rwork, iwork, &info, 1);
    } else {
      reinterpret_cast<void (*)(const char*, const int*, const int*, T*, const int*, R*, T*, const int*, T*, const int*,
                                T*, const int*, int*, int*, Length)>(symbol)(&job, &m, &n, a, &m, s, vh, &ldu, u, &ldvt,
                                                                             work, &lwork, iwork, &info, 1);
    }
    return info == 0;
  };
  T work{}, nothing{};
  R none{};
  int iwork = 0;
  call(&nothing, &none, &nothing, &nothing, &work, -1, &none, &iwork);
  const std::int64_t lwork = size_of_work(real_part(work));
  // As LAPACK's documentation of xGESDD says, at most.
  const std::int64_t lrwork = std::max(5 * k * k + 5 * k, 2 * most * k + 2 * k * k + k) + 7 * k + 1;
  if (std::max(lwork, lrwork) > std::numeric_limits<int>::max()) return kTooLarge;
  const cpu::BlasSingleThread one_thread;
  return for_each(c.count, 10 * c.m * c.n * k, [&](std::int64_t i) {
    // xGESDD refuses NaN, and of infinities it may iterate for ever.
    if (!is_finite(static_cast<T*>(c.matrices) + i * c.m * c.n, c.m * c.n)) return false;
    std::vector<T> w(static_cast<std::size_t>(lwork));
    std::vector<R> r(static_cast<std::size_t>(is_complex_type<T> ? lrwork : 1));
    std::vector<int> iw(static_cast<std::size_t>(8 * k + 1));
    T* u = c.u ? static_cast<T*>(c.u) + i * c.m * columns : &w[0];
    T* vh = c.u ? static_cast<T*>(c.vh) + i * rows * c.n : &w[0];
    return call(static_cast<T*>(c.matrices) + i * c.m * c.n, static_cast<R*>(c.values) + i * k, u, vh, w.data(),
                static_cast<int>(lwork), r.data(), iw.data());
  });
}

}  // namespace

std::int64_t eigh(const EighCall& c) {
  if (c.n > kMost) return kTooLarge;
  return with_type(c.dtype, [&]<class T>(T) { return eigh_of<T>(c); });
}

std::int64_t svd(const SvdCall& c) {
  if (c.m > kMost || c.n > kMost) return kTooLarge;
  return with_type(c.dtype, [&]<class T>(T) { return svd_of<T>(c); });
}

}  // namespace tenon::lapack
