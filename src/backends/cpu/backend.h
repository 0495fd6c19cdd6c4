// The CPU's entries of the backend table, which backend.cc makes safe for it: these may throw.
#pragma once

#include "tenon/backend.h"

namespace tenon::cpu {

#define TENON_ENTRY(name, call) Status name(const call& c);
TENON_ENTRIES(TENON_ENTRY)
#undef TENON_ENTRY
Status copy(const ElementwiseCall& c);  // of elementwise calls: Op::copy
Status scan_position(const ScanCall& c);  // of scans: those that give positions

const Backend& backend();

}  // namespace tenon::cpu
