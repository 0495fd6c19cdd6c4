#include "backends/cpu/backend.h"
namespace tenon::cpu {
int reduce(int, const ReduceCall&) { return kUnavailable; }
int scan(int, const ScanCall&) { return kUnavailable; }
int softmax(int, const SoftmaxCall&) { return kUnavailable; }
int index(int, const IndexCall&) { return kUnavailable; }
std::int64_t count_true(int, const bool*, std::int64_t) { return 0; }
int true_positions(int, const bool*, std::int64_t, std::int64_t*) { return kUnavailable; }
}  // namespace tenon::cpu
