// The operations of the simulated devices.
#pragma once

#include "tenon/backend.h"

namespace tenon::sim {

void add_operations(Backend& table);

}  // namespace tenon::sim
