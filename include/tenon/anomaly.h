// Anomaly mode: where the operation was recorded whose gradient fails.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tenon/macros.h"

namespace tenon::autograd {

// For all threads, off at first. While it is on, operations remember where they were recorded, an error of backward() or
// grad() leaves that for take_failure(), and with check_nan a loss or a gradient that is NaN is a GradError that names
// the operation. Both are slow: the mode is for debugging.
TENON_API void set_anomaly_mode(bool on, bool check_nan = true);
TENON_API bool anomaly_mode();
TENON_API bool anomaly_checks_nan();

// A call that is running: file, line and function.
struct Frame {
  std::string file;
  int line = 0;
  std::string function;
};
// The calls that are running on this thread, the outermost first.
using Whereabouts = std::vector<Frame> (*)();
// Who knows them: an interpreter; null for nobody, as at first.
TENON_API void set_whereabouts(Whereabouts whereabouts);

// An operation of the graph.
struct Recorded {
  std::string op;
  bool known = false;  // whether it was recorded in anomaly mode
  std::vector<Frame> frames;  // where; empty without whereabouts
  // One whose gradient recorded this one (create_graph=True); null for none.
  std::shared_ptr<const Recorded> parent;
};
// The operation at which the last backward() or grad() of this thread failed in anomaly mode; null if none did since
// the last call.
TENON_API std::shared_ptr<const Recorded> take_failure();

}  // namespace tenon::autograd
