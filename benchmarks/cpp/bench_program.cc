// A step of AdamW, gelu and its gradient as programs: GB/s read and written, beside the same as one compiled loop, as
// single operations, and beside memcpy.
// usage: bench_program [elements]
#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "tenon/tenon.h"

using namespace tenon;

namespace {

template <class F>
double seconds(F&& f) {
  double best = 1e9, spent = 0;
  for (int i = 0; i < 200 && (i < 7 || spent < 0.5); ++i) {
    const auto start = std::chrono::steady_clock::now();
    f();
    const double s = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    best = std::min(best, s);
    spent += s;
  }
  return best;
}

const Program& adamw() {
  static const Program p =
      make_program<8>("adamw", [](auto p, auto g, auto m, auto v, auto decay, auto step, auto scale, auto eps) {
        const auto first = lerp(m, g, 0.1), second = lerp(v, mul(g, g), 0.001);
        const auto down = add(div(sqrt(second), scale), eps);
        return std::array{sub(mul(p, decay), mul(step, div(first, down))), first, second};
      });
  return p;
}

void adamw_compiled(float* p, const float* g, float* m, float* v, std::int64_t n, float decay, float step, float scale,
                    float eps) {
#pragma GCC ivdep
  for (std::int64_t i = 0; i < n; ++i) {
    m[i] += 0.1f * (g[i] - m[i]);
    v[i] += 0.001f * (g[i] * g[i] - v[i]);
    p[i] = p[i] * decay - step * (m[i] / (std::sqrt(v[i]) / scale + eps));
  }
}

void report(const char* name, double bytes, double seconds) {
  std::printf("%-40s %10.1f us %8.1f GB/s\n", name, seconds * 1e6, bytes / seconds * 1e-9);
}

void step_of_adamw(std::int64_t tensors, std::int64_t n) {
  std::vector<std::array<Tensor, 3>> state;
  std::vector<Tensor> g;
  for (std::int64_t i = 0; i < tensors; ++i) {
    state.push_back({randn({n}), zeros({n}), zeros({n})});
    g.push_back(randn({n}));
  }
  std::vector<std::vector<Operand>> in;
  std::vector<ProgramArguments> runs;
  for (std::size_t i = 0; i < g.size(); ++i)
    in.push_back({state[i][0], g[i], state[i][1], state[i][2], 0.99999, 1e-3, 0.9, 1e-8});
  for (std::size_t i = 0; i < g.size(); ++i) runs.push_back({in[i], state[i]});
  const double bytes = 7.0 * 4 * static_cast<double>(tensors * n);
  std::printf("AdamW, %lld tensors of %lld\n", static_cast<long long>(tensors), static_cast<long long>(n));
  report("  one program, one call", bytes, seconds([&] { run_program(adamw(), runs); }));
  report("  one program, a call for each", bytes, seconds([&] {
           for (const auto& run : runs) run_program(adamw(), {&run, 1});
         }));
  report("  a compiled loop (one thread)", bytes, seconds([&] {
           for (std::size_t i = 0; i < g.size(); ++i)
             adamw_compiled(state[i][0].data<float>(), g[i].data<float>(), state[i][1].data<float>(),
                            state[i][2].data<float>(), n, 0.99999f, 1e-3f, 0.9f, 1e-8f);
         }));
  report("  single operations", bytes, seconds([&] {
           for (std::size_t i = 0; i < g.size(); ++i) {
             auto& [p, m, v] = state[i];
             copy_(m, lerp(m, g[i], 0.1));
             copy_(v, lerp(v, mul(g[i], g[i]), 0.001));
             copy_(p, sub(mul(p, 0.99999), mul(1e-3, div(m, add(div(sqrt(v), 0.9), 1e-8)))));
           }
         }));
}

}  // namespace

int main(int argc, char** argv) {
  const std::int64_t n = argc > 1 ? std::atoll(argv[1]) : 16'000'000;
  const double size = 4.0 * static_cast<double>(n);
  const Tensor x = randn({n}), g = randn({n});
  Tensor out = empty({n}, DType::float32);
  report("memcpy (one thread)", 2 * size,
         seconds([&] { std::memcpy(out.data(), x.data(), static_cast<std::size_t>(size)); }));
  report("add(x, g)", 3 * size, seconds([&] { add(x, g); }));
  report("gelu, one kernel", 2 * size, seconds([&] { gelu(x); }));
  report("gelu by tanh, a program of 6 steps", 2 * size, seconds([&] { gelu_tanh(x); }));
  const auto gradient = [](const auto& g, const auto& a) {
    return mul(g, add(mul(erfc(mul(a, -0.7071067811865476)), 0.5),
                      mul(mul(a, exp(mul(square(a), -0.5))), 0.3989422804014327)));
  };
  report("gradient of gelu, a program of 9 steps", 3 * size, seconds([&] { fused("gelu", gradient, g, x); }));
  report("gradient of gelu, single operations", 3 * size, seconds([&] { gradient(g, x); }));
  step_of_adamw(1, n);
  step_of_adamw(200, 1000);
}
