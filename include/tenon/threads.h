// How many threads an operation may use.
#pragma once

#include "tenon/macros.h"

namespace tenon {

// TENON_NUM_THREADS, else OMP_NUM_THREADS, else the cores that the process may run on, unless set.
TENON_API int num_threads();
// n = 0 returns to the default. Results have the same bits for any n.
TENON_API void set_num_threads(int n);

}  // namespace tenon
