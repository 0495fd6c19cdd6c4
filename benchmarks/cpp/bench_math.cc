// Throughput of every function at every SIMD target, in GB/s read and written, on blocks that stay in the L2 cache.
// usage: bench_math [name]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <random>

#include "../../tests/cpp/math_loops.h"

using namespace tenon::scalar;

template <class T> double gigabytes_per_second(Loop<T> loop, int arity) {
  constexpr int block = 1 << 13, elements = 1000000;
  static std::vector<T> x(block), y(block), out(block);
  std::mt19937 random(1);
  std::uniform_real_distribution<T> uniform(T(0.01), T(0.99));
  for (auto& v : x) v = uniform(random);
  for (auto& v : y) v = uniform(random) * 10;
  double best = 1e9, spent = 0;
  for (int repeat = 0; repeat < 20 && (repeat < 2 || spent < 0.02); repeat++) {
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < elements / block; i++) loop(x.data(), y.data(), out.data(), block);
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    best = std::min(best, seconds);
    spent += seconds;
  }
  return double(elements / block) * block * sizeof(T) * (arity + 1) / best * 1e-9;
}

int main(int argc, char** argv) {
  const auto all = targets();
  std::printf("%-10s", "");
  for (const char* type : {"float", "double"})
    for (const auto& target : all) std::printf("%7s %-6s", type, target.name);
  for (size_t i = 0; i < all[0].functions.size(); i++) {
    const auto name = all[0].functions[i].name;
    if (argc > 1 && name != argv[1]) continue;
    std::printf("\n%-10s", name.data());
    const auto print = [&](auto loop) {
      for (const auto& t : all) {
        const auto f =
            std::find_if(t.functions.begin(), t.functions.end(), [&](const Function& g) { return g.name == name; });
        std::printf("%14.1f", t.available && f != t.functions.end() ? gigabytes_per_second((*f).*loop, f->arity) : 0);
      }
    };
    print(&Function::float_loop);
    print(&Function::double_loop);
  }
  std::printf("\n");
}
