// Reductions, scans, softmax and transposed copies, in GB/s of what they must read and write, beside a plain
// read of the same bytes. Run: bench_reduce [threads]
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <vector>

#include "tenon/ops.h"
#include "tenon/threads.h"

using namespace tenon;

namespace {

// The fastest of several batches of at least 20 ms, in seconds per call.
double seconds(const std::function<void()>& f) {
  using clock = std::chrono::steady_clock;
  const auto time = [&](int n) {
    const auto t0 = clock::now();
    for (int i = 0; i < n; ++i) f();
    return std::chrono::duration<double>(clock::now() - t0).count();
  };
  f();
  const double once = time(1);
  const int n = static_cast<int>(0.02 / (once + 1e-9)) + 1;
  double best = 1e30;
  for (int i = 0; i < 7; ++i) best = std::min(best, time(n) / n);
  return best;
}

// The memory's limit: eight independent sums of 64-bit words.
double read_limit(const Tensor& t) {
  const auto* p = reinterpret_cast<const std::uint64_t*>(t.data());
  const std::int64_t n = t.nbytes() / 8;
  volatile std::uint64_t sink = 0;
  const double s = seconds([&] {
    typedef std::uint64_t Words __attribute__((vector_size(64)));
    Words a{}, b{}, c{}, d{};
    for (std::int64_t i = 0; i + 32 <= n; i += 32) {
      const auto* q = reinterpret_cast<const Words*>(p + i);
      a += q[0], b += q[1], c += q[2], d += q[3];
    }
    sink = sink + (a + b + c + d)[0];
  });
  return static_cast<double>(t.nbytes()) / s / 1e9;
}

void report(const char* what, const Tensor& x, double bytes, const std::function<void()>& f) {
  const double s = seconds(f);
  std::printf("%-34s %10s %10.1f us %7.1f GB/s\n", what, x.shape().str().c_str(), s * 1e6, bytes / s / 1e9);
}

void reductions(const Tensor& x, const Axes& dims, const char* axis) {
  const double bytes = static_cast<double>(x.nbytes());
  const auto row = [&](const char* name, auto f) {
    char text[64];
    std::snprintf(text, sizeof text, "%s %s %s", name, std::string(tenon::name(x.dtype())).c_str(), axis);
    report(text, x, bytes, [&] { f(x); });
  };
  row("sum", [&](const Tensor& t) { sum(t, dims); });
  row("amax", [&](const Tensor& t) { amax(t, dims); });
  row("var", [&](const Tensor& t) { var(t, dims); });
  row("norm", [&](const Tensor& t) { norm(t, 2, dims); });
  row("count_nonzero", [&](const Tensor& t) { count_nonzero(t, dims); });
  if (!dims || dims->size() == 1)

    row("argmax", [&](const Tensor& t) { argmax(t, dims ? std::optional((*dims)[0]) : std::nullopt); });
}

}  // namespace

int main(int argc, char** argv) {
  set_num_threads(argc > 1 ? std::atoi(argv[1]) : 1);
  const Tensor big = add(sin(arange(0, 10'000'000, 1, DType::float32)), Scalar(1e-3));
  const Tensor square = reshape(arange(0, 4096 * 4096, 1, DType::float32), {4096, 4096});
  std::printf("read limit: %.1f GB/s at 40 MB, %.1f at 64 MB (one thread)\n", read_limit(big), read_limit(square));
  for (std::int64_t n : {10, 1000, 100'000, 10'000'000}) reductions(narrow(big, 0, 0, n).clone(), {}, "all");
  reductions(big.to(DType::float64), {}, "all");
  reductions(big.to(DType::float16), {}, "all");
  reductions(square, Dims{0}, "axis 0");
  reductions(square, Dims{1}, "axis 1");
  reductions(reshape(narrow(big, 0, 0, 9'999'999), {-1, 3}), Dims{0}, "axis 0");
  reductions(reshape(big, {-1, 100}), Dims{1}, "axis 1");
  reductions(reshape(big, {-1, 4}), Dims{1}, "axis 1");

  for (std::int64_t n : {1000, 1'000'000, 10'000'000}) {
    const Tensor x = narrow(big, 0, 0, n).clone();
    report("cumsum float32", x, 2.0 * static_cast<double>(x.nbytes()), [&] { cumsum(x, 0); });
  }
  report("cumsum float32 axis 0", square, 2.0 * static_cast<double>(square.nbytes()), [&] { cumsum(square, 0); });
  report("cumsum float32 axis 1", square, 2.0 * static_cast<double>(square.nbytes()), [&] { cumsum(square, 1); });
  report("softmax float32 axis 1", square, 2.0 * static_cast<double>(square.nbytes()), [&] { softmax(square, 1); });
  report("softmax float32 axis 0", square, 2.0 * static_cast<double>(square.nbytes()), [&] { softmax(square, 0); });

  const Tensor turned = permute(square, {1, 0});
  report("copy", square, 2.0 * static_cast<double>(square.nbytes()), [&] { square.clone(); });
  report("transposed copy", square, 2.0 * static_cast<double>(square.nbytes()), [&] { turned.clone(); });
  report("A + A.T", square, 2.0 * static_cast<double>(square.nbytes()), [&] { add(square, turned); });
  const Tensor bytes = view(square, DType::uint8), turned_bytes = permute(bytes, {1, 0});
  report("transposed copy of bytes", bytes, 2.0 * static_cast<double>(bytes.nbytes()), [&] { turned_bytes.clone(); });
  const Tensor doubles = reshape(view(square, DType::float64), {2048, 4096});
  report("transposed copy of float64", doubles, 2.0 * static_cast<double>(doubles.nbytes()),
         [&] { permute(doubles, {1, 0}).clone(); });
}
