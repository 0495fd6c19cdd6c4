#include "backends/cpu/backend.h"
namespace tenon::cpu {
int reduce(int, const ReduceCall&) { return kUnavailable; }
int scan(int, const ScanCall&) { return kUnavailable; }
int softmax(int, const SoftmaxCall&) { return kUnavailable; }
int matmul(int, const MatmulCall&) { return kUnavailable; }
int random(int, const RandomCall&) { return kUnavailable; }
}  // namespace tenon::cpu
