// What the host way has beside the driver's interface: work for a stream.
#pragma once

#include <functional>

namespace tenon::cuda::host {

// In the stream's turn, on its thread.
void give(void* stream, std::function<void()> work);
// Whether blocks run from the last to the first.
bool runs_backwards();

}  // namespace tenon::cuda::host
