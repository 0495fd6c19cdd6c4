#include "backends/cpu/backend.h"

namespace tenon::cpu {

Status attention(const AttentionCall&) { return Status::unavailable; }

}  // namespace tenon::cpu
