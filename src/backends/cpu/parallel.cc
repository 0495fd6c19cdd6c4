#include "backends/cpu/parallel.h"

#include <omp.h>
#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <exception>

#include "tenon/threads.h"

namespace tenon {
namespace cpu {
namespace {

std::atomic<bool> g_forked{false};
std::atomic<int> g_threads{0};

// libgomp's pool does not survive a fork: a parallel region in the child would wait for threads that do not exist.
const int g_registered = pthread_atfork(nullptr, nullptr, [] { g_forked = true; });

}  // namespace

int max_threads() {
  (void)g_registered;
  if (g_forked.load(std::memory_order_relaxed)) return 1;
  const int n = g_threads.load(std::memory_order_relaxed);
  return n > 0 ? n : omp_get_max_threads();
}
void set_num_threads(int n) { g_threads = n; }

void parallel_tasks(std::int64_t n, const std::function<void(std::int64_t)>& body) {
  const int threads = static_cast<int>(std::min<std::int64_t>(max_threads(), n));
  if (threads <= 1) {
    for (std::int64_t i = 0; i < n; ++i) body(i);
    return;
  }
  std::exception_ptr error;
#pragma omp parallel for schedule(dynamic, 1) num_threads(threads)
  for (std::int64_t i = 0; i < n; ++i) {
    try {
      body(i);
    } catch (...) {
#pragma omp critical
      error = std::current_exception();
    }
  }
  if (error) std::rethrow_exception(error);
}

void parallel_pieces(std::int64_t n, std::int64_t grain, const std::function<void(std::int64_t, std::int64_t)>& body) {
  const std::int64_t pieces = std::min<std::int64_t>((n + grain - 1) / grain, std::int64_t{max_threads()} * 4);
  const std::int64_t size = ((n + pieces - 1) / pieces + 63) / 64 * 64;
  parallel_tasks(pieces, [&](std::int64_t p) {
    const std::int64_t begin = p * size, end = std::min(n, begin + size);
    if (begin < end) body(begin, end);
  });
}

}  // namespace cpu

int num_threads() { return cpu::max_threads(); }
void set_num_threads(int n) { cpu::set_num_threads(n); }

}  // namespace tenon
