#include "backends/cpu/parallel.h"

#include <pthread.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <deque>
#include <exception>
#include <functional>
#include <system_error>
#include <thread>

#include "core/interrupt.h"
#include "tenon/threads.h"

namespace tenon {
namespace cpu {
namespace {

constexpr auto kSpin = std::chrono::microseconds(50);  // waking a sleeping thread costs about as much

void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

// Whether `value` is no longer `old` after a while of spinning.
template <class T>
bool changes_soon(const std::atomic<T>& value, T old) {
  const auto end = std::chrono::steady_clock::now() + kSpin;
  do {
    for (int i = 0; i < 32; ++i, pause())
      if (value.load() != old) return true;
  } while (std::chrono::steady_clock::now() < end);
  return false;
}

struct Worker {
  std::atomic<pid_t> id{0};
  std::atomic<bool> asleep{false};
  std::atomic<pid_t> waker{0};  // who has kept it off a core
};

// Lets a sleeping thread wake up on any core of the caller's but its own. Left alone, Linux often puts it behind the
// caller, where it waits for several milliseconds though another core is idle.
void wake_elsewhere(Worker& w) {
  cpu_set_t cores;
  if (sched_getaffinity(0, sizeof cores, &cores) != 0) return;
  CPU_CLR(static_cast<std::size_t>(sched_getcpu()), &cores);
  if (CPU_COUNT(&cores) > 0 && sched_setaffinity(w.id, sizeof cores, &cores) == 0) w.waker = gettid();
}
// Once awake, it may run wherever the caller may.
void run_anywhere(Worker& w) {
  cpu_set_t cores;
  if (const pid_t waker = w.waker.exchange(0); waker && sched_getaffinity(waker, sizeof cores, &cores) == 0)
    sched_setaffinity(0, sizeof cores, &cores);
}

struct Job {
  const std::function<void(std::int64_t)>& body;
  std::int64_t n;
  int threads;
  std::atomic<std::int64_t> next{0};
  std::atomic<bool> failed{false};
  std::exception_ptr error{};

  // Takes tasks until none are left, or one has failed. The caller asks between them whether to go on.
  void work(bool caller = false) noexcept {
    for (std::int64_t i; !failed && (i = next.fetch_add(1, std::memory_order_relaxed)) < n;) {
      try {
        if (caller) check_interrupt();
        body(i);
      } catch (...) {
        if (!failed.exchange(true)) error = std::current_exception();
      }
    }
    finish_writes();
  }
};

// One job at a time. Its caller takes tasks like any other thread, and then waits only for threads that have begun one:
// a thread that gets no core while other processes hold them all costs nothing. (A barrier of OpenMP's waits for all
// its threads: 20 ms for any region on such a machine.)
class Pool {
 public:
  // False, with nothing done, while the pool has a job: another caller's, or the one that this call is a part of.
  bool run(Job& job) {
    if (busy_.test_and_set(std::memory_order_acquire)) return false;
    const auto wanted = static_cast<std::size_t>(job.threads - 1);
    while (workers_.size() < wanted && add_worker()) {}
    for (std::size_t i = 0; i < std::min(wanted, workers_.size()); ++i)
      if (workers_[i].asleep) wake_elsewhere(workers_[i]);
    job_ = &job;
    ++jobs_;
    jobs_.notify_all();
    job.work(true);
    // From here on nobody enters: a worker counts itself before it looks for a job.
    job_ = nullptr;
    for (int inside; (inside = inside_.load()) != 0;)
      if (!changes_soon(inside_, inside)) inside_.wait(inside);
    busy_.clear(std::memory_order_release);
    return true;
  }

 private:
  bool add_worker() {
    // Signals belong to the program's own threads.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const std::size_t before_it = workers_.size();
    try {
      Worker& w = workers_.emplace_back();
      std::thread(&Pool::serve, this, std::ref(w), static_cast<int>(workers_.size()), jobs_.load()).detach();
    } catch (const std::exception&) {
      // The process has as many threads, or as much memory, as it may.
      if (workers_.size() > before_it) workers_.pop_back();
    }
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    return workers_.size() > before_it;
  }

  [[noreturn]] void serve(Worker& me, int index, unsigned seen) {
    me.id = gettid();
    for (;;) {
      if (!changes_soon(jobs_, seen)) {
        me.asleep = true;
        jobs_.wait(seen);
        me.asleep = false;
        run_anywhere(me);
      }
      seen = jobs_;
      ++inside_;
      if (Job* job = job_; job && index < job->threads) job->work();
      --inside_;
      inside_.notify_one();
    }
  }

  std::atomic_flag busy_;
  std::deque<Worker> workers_;  // the caller's, who has busy_; their places stay
  std::atomic<Job*> job_{nullptr};
  std::atomic<unsigned> jobs_{0};
  std::atomic<int> inside_{0};
};

// Never destroyed, since its threads sleep in it until the process ends. A forked child has none of those threads: it
// makes a pool of its own.
std::atomic<Pool*> g_pool{nullptr};
std::atomic<int> g_threads{0};

Pool& pool() {
  static const int registered = pthread_atfork(nullptr, nullptr, [] { g_pool = nullptr; });
  (void)registered;
  Pool* p = g_pool;
  if (!p) {
    auto* made = new Pool;
    if (g_pool.compare_exchange_strong(p, made)) return *made;
    delete made;
  }
  return *p;
}

// TENON_NUM_THREADS, else OMP_NUM_THREADS, else the cores that the process may run on.
int default_threads() {
  for (const char* name : {"TENON_NUM_THREADS", "OMP_NUM_THREADS"})
    if (const char* value = std::getenv(name))
      if (const long n = std::strtol(value, nullptr, 10); n > 0) return static_cast<int>(std::min(n, 1024L));
  cpu_set_t cores;
  return sched_getaffinity(0, sizeof cores, &cores) == 0 ? std::max(CPU_COUNT(&cores), 1) : 1;
}

}  // namespace

int max_threads() {
  static const int by_default = default_threads();
  const int n = g_threads.load(std::memory_order_relaxed);
  return n > 0 ? n : by_default;
}
void set_num_threads(int n) { g_threads = n; }

void parallel_tasks(std::int64_t n, const std::function<void(std::int64_t)>& body) {
  Job job{body, n, static_cast<int>(std::min<std::int64_t>(max_threads(), n))};
  if (job.threads <= 1 || !pool().run(job)) job.work(true);
  if (job.error) std::rethrow_exception(job.error);
}

namespace {

constexpr std::int64_t kLongPiece = 64;  // grains

// How many pieces there are at least, where there is enough work: between them it can be interrupted.
std::int64_t least_pieces(std::int64_t n, std::int64_t grain) {
  const std::int64_t threads = max_threads(), of_milliseconds = n / (kLongPiece * grain);
  if (threads > 1) return std::max(threads * 4, of_milliseconds);
  // A grain of 1 may be a long row.
  return std::max(grain == 1 ? std::min<std::int64_t>(n, 64) : std::min<std::int64_t>(n / (4 * grain), 64),
                  of_milliseconds);
}

}  // namespace

void parallel_pieces(std::int64_t n, std::int64_t grain, const std::function<void(std::int64_t, std::int64_t)>& body) {
  const std::int64_t pieces = std::min((n + grain - 1) / grain, least_pieces(n, grain));
  const std::int64_t unit =
      std::clamp<std::int64_t>(grain, 1, 64);  // elements in whole cache lines; lines as they come
  const std::int64_t size = ((n + pieces - 1) / pieces + unit - 1) / unit * unit;
  parallel_tasks(pieces, [&](std::int64_t p) {
    const std::int64_t begin = p * size, end = std::min(n, begin + size);
    if (begin < end) body(begin, end);
  });
}

}  // namespace cpu

int num_threads() { return cpu::max_threads(); }
void set_num_threads(int n) { cpu::set_num_threads(n); }

}  // namespace tenon
