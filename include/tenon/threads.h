// How many threads an operation may use.
#pragma once

#include "tenon/macros.h"

namespace tenon {

// OMP_NUM_THREADS (or TENON_NUM_THREADS) unless set; 1 in a forked child.
TENON_API int num_threads();
// n = 0 returns to the default. Results have the same bits for any n.
TENON_API void set_num_threads(int n);

}  // namespace tenon
