// A few rows times a matrix whose rows lie in memory: its elements are read once, as they lie, and never packed.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/gemm_flat.cc"
#include "backends/cpu/targets.h"

#include <algorithm>
#include <cstring>

#include "backends/cpu/products-inl.h"
#include "core/interrupt.h"

HWY_BEFORE_NAMESPACE();
namespace tenon::cpu::HWY_NAMESPACE {

using Size = std::int64_t;

// c[i, j] += sum over Steps of a[i, p] * b[p, j] for Rows rows and n columns.
template <class T, int Rows, int Steps>
void add_rows(const T* a, const Size a_strides[2], const T* HWY_RESTRICT b, Size b_row, T* HWY_RESTRICT c, Size c_row,
              Size n) {
  T factors[Rows][Steps];
  for (int i = 0; i < Rows; ++i)
    for (int p = 0; p < Steps; ++p) factors[i][p] = a[i * a_strides[0] + p * a_strides[1]];
  Size j = 0;
  for (; j + kLanes<T> <= n; j += kLanes<T>) {
    Vector<T> rows[Steps];
#pragma GCC unroll 8
    for (int p = 0; p < Steps; ++p) rows[p] = load(b + p * b_row + j);
#pragma GCC unroll 8
    for (int i = 0; i < Rows; ++i) {
      Vector<T> sum = load(c + i * c_row + j);
#pragma GCC unroll 8
      for (int p = 0; p < Steps; ++p) sum = multiply_add(sum, factors[i][p], rows[p]);
      store(c + i * c_row + j, sum);
    }
  }
  for (; j < n; ++j)
    for (int i = 0; i < Rows; ++i)
      for (int p = 0; p < Steps; ++p) c[i * c_row + j] += factors[i][p] * b[p * b_row + j];
}

template <class T>
void flat_gemm(const MatrixProduct& g) {
  constexpr Size kBytes = 24 * 1024;  // of c, kept in the L1 cache
  constexpr int kSteps = 8, kRows = 4;
  const T *a = static_cast<const T*>(g.a), *b = static_cast<const T*>(g.b);
  T* c = static_cast<T*>(g.c);
  const Size width = std::max<Size>(kBytes / static_cast<Size>(sizeof(T)) / g.m / 64 * 64, 64);
  Pace pace;
  for (Size j = 0; j < g.n; j += width) {
    const Size n = std::min(width, g.n - j);
    for (Size i = 0; i < g.m; ++i) std::memset(c + i * g.c_strides[0] + j, 0, static_cast<std::size_t>(n) * sizeof(T));
    const auto steps = [&]<int Steps>(Size p, std::integral_constant<int, Steps>) {
      const auto rows = [&]<int Rows>(Size i, std::integral_constant<int, Rows>) {
        add_rows<T, Rows, Steps>(a + i * g.a_strides[0] + p * g.a_strides[1], g.a_strides, b + p * g.b_strides[0] + j,
                                 g.b_strides[0], c + i * g.c_strides[0] + j, g.c_strides[0], n);
      };
      Size i = 0;
      for (; i + kRows <= g.m; i += kRows) rows(i, std::integral_constant<int, kRows>{});
      for (; i + 2 <= g.m; i += 2) rows(i, std::integral_constant<int, 2>{});
      if (i < g.m) rows(i, std::integral_constant<int, 1>{});
      pace.did(g.m * n * Steps);
    };
    Size p = 0;
    for (; p + kSteps <= g.k; p += kSteps) steps(p, std::integral_constant<int, kSteps>{});
    for (; p < g.k; ++p) steps(p, std::integral_constant<int, 1>{});
  }
}

void add_flat(Product* row) {
  row[static_cast<int>(DType::float32)] = &flat_gemm<float>;
  row[static_cast<int>(DType::float64)] = &flat_gemm<double>;
}

}  // namespace tenon::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tenon::cpu {
HWY_EXPORT(add_flat);
void add_flat_products(ProductTable& t) { HWY_DYNAMIC_DISPATCH(add_flat)(t.flat); }
}  // namespace tenon::cpu
#endif
