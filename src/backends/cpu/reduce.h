// The kernels behind reductions. A kernel folds contiguous elements, or rows of them, into states; reduce.cc
// decides which elements those are. A state holds what is known of one result so far.
#pragma once

#include <cstdint>

#include "tenon/calls.h"

namespace tenon::cpu {

inline constexpr int kMaxStateBytes = 32;
inline constexpr int kMaxColumns = 1024;  // of one call of columns()

struct ReduceKernel {
  int state_bytes;
  DType result;  // of finish()
  // n states of nothing.
  void (*start)(void* states, std::int64_t n);
  // Merges n contiguous elements, the first of them at `position`, into one state.
  void (*run)(void* state, const void* in, std::int64_t n, std::int64_t position);
  // Merges column j of the rows, from top to bottom, into state j. The rows' elements are contiguous.
  void (*columns)(void* states, const char* in, std::int64_t row_stride, std::int64_t rows, std::int64_t cols,
                  std::int64_t position);
  // states[j] = states[j] and then later[j]. They may not overlap.
  void (*merge)(void* states, const void* later, std::int64_t n);
  // The results; null where the states are the results.
  void (*finish)(const void* states, std::int64_t n, double correction, void* out);
};

using ReduceTable = ReduceKernel[kReductions][kDTypes];  // by the input's dtype; run is null where there is none

void add_sum_kernels(ReduceTable& t);       // sum, prod
void add_extremum_kernels(ReduceTable& t);  // min, max
void add_position_kernels(ReduceTable& t);  // argmin, argmax
void add_logic_kernels(ReduceTable& t);     // any, all
void add_count_kernels(ReduceTable& t);     // count_nonzero
void add_moment_kernels(ReduceTable& t);    // var, norm2

// The table for this CPU, filled at first use.
const ReduceTable& reduce_kernels();

// Whether loops that only read ask for memory that far ahead. It depends on the processor, so that the first calls of a kind
// from so many bytes on try both (ways.h). On an Intel CPU extrema of 0.4 to 4 MB took 7 to 20 % less, sums of 64 MB 20 %.
inline constexpr std::int64_t kReadAhead = 4096, kAheadFrom = std::int64_t{1} << 18;
bool reads_ask_ahead();

}  // namespace tenon::cpu
