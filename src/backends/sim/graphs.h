// Graphs of the simulated devices: recordings, and the memory that they keep.
#pragma once

#include "backends/sim/stream.h"
#include "tenon/backend.h"

namespace tenon::sim {

Status capture_begin(Stream, void** graph) noexcept;
Status capture_end(void* graph) noexcept;
Status capture_of(Stream, void** graph) noexcept;
Status graph_replay(Stream, void* graph) noexcept;
void graph_destroy(void* graph) noexcept;

// Where the stream is being captured: its graph keeps the block of the device at the address.
void hold_for_capture(Queue& queue, int device, const void* p);

}  // namespace tenon::sim
