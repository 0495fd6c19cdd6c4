// Streams that are being recorded into graphs, for those who give them work.
#pragma once

#include <atomic>

#include "core/errors.h"
#include "tenon/graph.h"

namespace tenon {

extern std::atomic<int> g_captures;  // under way
inline bool any_capture() { return g_captures.load(std::memory_order_relaxed) != 0; }

// Throws where the stream is being captured: `op` waits for it.
void refuse_in_capture(const char* op, Stream stream);
// Throws where a stream of the device is: `op` waits for them all.
void refuse_in_capture(const char* op, Device device);

namespace errors {
// The op waits for what is being recorded: a stream, or one of the device's. (errors.cc)
[[noreturn]] void in_capture(Str op, Device device, bool stream);
}  // namespace errors

}  // namespace tenon
