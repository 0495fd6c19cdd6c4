// What anomaly mode asks of recording and of the engine. While it is off they load one flag.
#pragma once

#include <atomic>
#include <span>

#include "tenon/anomaly.h"
#include "tenon/node.h"

namespace tenon::anomaly {

enum Mode { kOff, kOn, kCheckNan };
extern std::atomic<int> mode;
inline bool on() { return mode.load(std::memory_order_relaxed) != kOff; }

// A node that remembers where it was recorded. Kept with the node's hooks.
struct Trace {
  std::shared_ptr<autograd::Recorded> recorded;
  bool nan = false;  // whether one of its outputs was
};

// The node of these outputs is being recorded. Asks Python where: no lock may be held.
void record(Node& n, std::span<const Tensor> outputs);
// Called where running a node has thrown.
void failed(Node& n);
// Throws GradError for a NaN among the gradients of a node's inputs.
void check(const Node& n, std::span<const Tensor> of_inputs);
// Throws GradError for a root with a NaN.
void check_root(const Tensor& root);

}  // namespace tenon::anomaly
