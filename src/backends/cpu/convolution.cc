#include "backends/cpu/backend.h"

namespace tenon::cpu {

Status convolution(const ConvolutionCall&) { return Status::unavailable; }

}  // namespace tenon::cpu
