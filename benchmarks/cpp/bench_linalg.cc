// Matrix products and random numbers, in the best of several runs, beside the limits of performance.md.
//   bench_linalg [threads]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "tenon/blas.h"
#include "tenon/ops.h"
#include "tenon/tenon.h"
#include "tenon/threads.h"

namespace {

using namespace tenon;
using Clock = std::chrono::steady_clock;

// The median of five measurements of at least 20 ms each, in seconds per call.
template <class F>
double seconds(F&& f) {
  f();
  std::vector<double> runs;
  std::int64_t n = 1;
  while (runs.size() < 5) {
    const auto start = Clock::now();
    for (std::int64_t i = 0; i < n; ++i) f();
    const double t = std::chrono::duration<double>(Clock::now() - start).count();
    if (t < 0.02) n *= 2;
    else runs.push_back(t / static_cast<double>(n));
  }
  std::nth_element(runs.begin(), runs.begin() + 2, runs.end());
  return runs[2];
}

Tensor filled(const Dims& shape, DType d) {
  Tensor t = empty(shape, DType::float64);
  for (std::int64_t i = 0; i < t.numel(); ++i) t.data<double>()[i] = static_cast<double>(i % 7) - 3;
  return to(t, d);
}

void product(const char* name, const Tensor& a, const Tensor& b, double flops) {
  const double t = seconds([&] { matmul(a, b); });
  std::printf("%-34s %12.0f ns %9.1f GFLOP/s\n", name, t * 1e9, flops / t * 1e-9);
}

template <class F>
void numbers(const char* name, std::int64_t n, F&& f) {
  const double t = seconds(f);
  std::printf("%-34s %12.0f ns %9.2f ns per number\n", name, t * 1e9, t * 1e9 / static_cast<double>(n));
}

// Into a tensor that exists: the numbers and not the fresh pages.
void random_numbers() {
  constexpr std::int64_t n = 1000000;
  for (DType d : {DType::float32, DType::float64, DType::float16, DType::bfloat16}) {
    Tensor t = empty({n}, d);
    const std::string dtype(name(d));
    numbers(("uniform_ " + dtype).c_str(), n, [&] { uniform_(t); });
    numbers(("normal_ " + dtype).c_str(), n, [&] { normal_(t); });
  }
  numbers("rand float32 10", 10, [] { rand({10}); });
  numbers("randn float32 10", 10, [] { randn({10}); });
  numbers("randint below 1000, int64", n, [] { randint(0, 1000, {n}); });
  numbers("randint below 1e6, int32", n, [] { randint(0, 1000000, {n}, DType::int32); });
  numbers("randint of all int64", n, [] { randint(INT64_MIN, INT64_MAX, {n}); });
  numbers("randperm", n, [] { randperm(n); });
  const Tensor p = full({n}, 0.3);
  numbers("bernoulli", n, [&] { bernoulli(p); });
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1) set_num_threads(std::atoi(argv[1]));
  random_numbers();
  const blas::Info info = blas::info();
  std::printf("BLAS: %s %s (%s), %d threads\n", info.name.c_str(), info.library.c_str(), info.config.c_str(),
              info.threads);
  for (DType d :
       {DType::float32, DType::float64, DType::complex64, DType::bfloat16, DType::int8, DType::int32, DType::int64}) {
    for (std::int64_t n : {4, 8, 16, 32, 48, 64, 128, 256, 512, 1024}) {
      if (n == 1024 && is_integral(d)) continue;
      char text[64];
      std::snprintf(text, sizeof text, "%s %d", std::string(name(d)).c_str(), static_cast<int>(n));
      const Tensor a = filled({n, n}, d), b = filled({n, n}, d);
      product(text, a, b, 2.0 * static_cast<double>(n * n * n) * (is_complex(d) ? 4 : 1));
      if (d == DType::float32 && n >= 64)
        product("  ... b transposed", a, transpose(b, 0, 1), 2.0 * static_cast<double>(n * n * n));
    }
  }
  product("float32 1000 x 16x16", filled({1000, 16, 16}, DType::float32), filled({1000, 16, 16}, DType::float32),
          2e3 * 4096);
  product("float32 mv 4096", filled({4096, 4096}, DType::float32), filled({4096}, DType::float32), 2.0 * 4096 * 4096);
  product("float32 mv 4096, transposed", transpose(filled({4096, 4096}, DType::float32), 0, 1),
          filled({4096}, DType::float32), 2.0 * 4096 * 4096);
  product("float32 dot 1e6", filled({1000000}, DType::float32), filled({1000000}, DType::float32), 2e6);
}
