// LDL^T of symmetric and Hermitian matrices by LAPACK.
#include <cstdlib>
#include <vector>

#include "backends/cpu/lapack.h"
#include "tenon/lapack.h"

namespace tenon::lapack {
namespace {

template <class T>
std::int64_t ldl_of(const LdlCall& c) {
  using Trf = void(const char*, const int*, T*, const int*, std::int32_t*, T*, const int*, int*, Length);
  const auto factor = reinterpret_cast<Trf*>(routine<T>(c.hermitian ? "hetrf" : "sytrf"));
  if (!factor) return kNoLibrary;
  const char lower = 'L';
  const int n = static_cast<int>(c.n);
  int info = 0, asked = -1;
  T size{}, nothing{};
  std::int32_t pivot = 0;
  factor(&lower, &n, &nothing, &n, &pivot, &size, &asked, &info, 1);
  const std::int64_t lwork = size_of_work(real_part(size));
  if (lwork > std::numeric_limits<int>::max()) return kTooLarge;
  const cpu::BlasSingleThread one_thread;
  return for_each(c.count, c.n * c.n * c.n / 3, [&](std::int64_t i) {
    std::vector<T> work(static_cast<std::size_t>(lwork));
    const int length = static_cast<int>(lwork);
    int result = 0;
    factor(&lower, &n, static_cast<T*>(c.matrices) + i * c.n * c.n, &n, c.pivots + i * c.n, work.data(), &length,
           &result, 1);
    c.info[i] = result;
    return result >= 0;
  });
}

// LAPACK would write wherever a pivot points to.
bool are_pivots(const std::int32_t* p, std::int64_t n) {
  for (std::int64_t k = 0; k < n; ++k) {
    const std::int64_t row = std::abs(std::int64_t{p[k]});
    if (row < 1 || row > n) return false;
    if (p[k] < 0 && (++k >= n || p[k] != p[k - 1])) return false;  // a block of two rows has its pivot twice
  }
  return true;
}

template <class T>
std::int64_t ldl_solve_of(const LdlSolveCall& c) {
  using Trs = void(const char*, const int*, const int*, const T*, const int*, const std::int32_t*, T*, const int*, int*,
                   Length);
  const auto solve = reinterpret_cast<Trs*>(routine<T>(c.hermitian ? "hetrs" : "sytrs"));
  if (!solve) return kNoLibrary;
  const cpu::BlasSingleThread one_thread;
  return for_each(c.count, c.n * c.n * c.k, [&](std::int64_t i) {
    const std::int32_t* pivots = c.pivots + i * c.n;
    if (!are_pivots(pivots, c.n)) return false;
    const char lower = 'L';
    const int n = static_cast<int>(c.n), k = static_cast<int>(c.k);
    int info = 0;
    solve(&lower, &n, &k, static_cast<const T*>(c.factors) + i * c.n * c.n, &n, pivots,
          static_cast<T*>(c.columns) + i * c.n * c.k, &n, &info, 1);
    return info == 0;
  });
}

}  // namespace

std::int64_t ldl(const LdlCall& c) {
  if (c.n > kMost) return kTooLarge;
  return with_type(c.dtype, [&]<class T>(T) { return ldl_of<T>(c); });
}

std::int64_t ldl_solve(const LdlSolveCall& c) {
  if (c.n > kMost || c.k > std::numeric_limits<int>::max()) return kTooLarge;
  return with_type(c.dtype, [&]<class T>(T) { return ldl_solve_of<T>(c); });
}

}  // namespace tenon::lapack
