#include "backends/cpu/backend.h"

namespace tenon::cpu {

Status pool(const PoolCall&) { return Status::unavailable; }

}  // namespace tenon::cpu
