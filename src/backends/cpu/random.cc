#include "backends/cpu/backend.h"
namespace tenon::cpu { int random(int, const RandomCall&) { return kUnavailable; } }
