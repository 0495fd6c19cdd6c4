// Splits a range over threads. Results have the same bits for any number of threads: the work on an element does not
// depend on its piece, or the caller cuts into chunks of a fixed size itself, as reductions do.
#pragma once

#include <cstdint>
#include <functional>

#include "tenon/macros.h"

namespace tenon::cpu {

// The threads that a parallel region may use.
TENON_API int max_threads();
void set_num_threads(int n);

// Pieces of this many elements cost tens of microseconds when each is a memory-bound operation.
inline constexpr std::int64_t kGrain = 64 * 1024;

// Before whatever tells other threads that the bytes are there: writes past the cache (stream_copy) wait for it.
TENON_API void finish_writes();

TENON_API void parallel_pieces(std::int64_t n, std::int64_t grain,
                               const std::function<void(std::int64_t, std::int64_t)>& body);

// Calls body(begin, end) for pieces of at least `grain`, in parallel where there are several: four per thread, taken as
// threads come free, so that a core that another process holds delays one piece and not half of the work. The pieces
// depend on the number of threads. One thread takes pieces, too, where the work is long: between them it can be
// interrupted.
template <class F>
void parallel_for(std::int64_t n, std::int64_t grain, F&& body) {
  if (n > grain && (max_threads() > 1 || n >= 8 * grain || grain == 1))
    parallel_pieces(n, grain, std::forward<F>(body));
  else if (n > 0) body(std::int64_t{0}, n);
  if (n > grain) finish_writes();
}

// Calls body(0) to body(n - 1), each worth a thread, in parallel.
void parallel_tasks(std::int64_t n, const std::function<void(std::int64_t)>& body);

}  // namespace tenon::cpu
