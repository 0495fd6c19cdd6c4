// What the backend asks of a driver. runtime_cuda.cc answers with CUDA's runtime library, host/runtime.cc with threads.
// Pointers are the driver's own: streams, events, device memory.
#pragma once

#include <cstddef>
#include <cstdint>

#include "tenon/calls.h"
#include "tenon/devices.h"

namespace tenon::cuda::runtime {

// Whether NVIDIA's libraries are looked for. The host way takes only those that the environment names.
extern const bool kWithLibraries;

struct Result {
  int code = 0;  // 0: it went well
  bool out_of_memory = false;
  const char* text = "";  // a literal
  bool lost = false;  // work that ran broke the device, which does nothing any more
};

int device_count() noexcept;
// Makes it the calling thread's device, which all libraries of the process share. -1: there is none yet.
Result use_device(int device);
int current_device() noexcept;
Result properties(int device, DeviceProperties* out);
Result memory_info(int device, MemoryInfo* out);
Result device_wait(int device);

// ---- streams: handles as cudaStream_t has them; 1 is the default one, 2 the thread's ----

Result stream_create(void** stream);
Result stream_query(void* stream, bool* done);
Result stream_wait(void* stream);
Result stream_callback(void* stream, void (*f)(void*), void* context);
// Whether the number is that of a stream.
bool stream_exists(std::uintptr_t handle);

// ---- events ----

Result event_create(bool timing, void** event);
void event_destroy(void* event);
Result event_record(void* event, void* stream);
Result event_wait(void* event, void* stream);
Result event_query(void* event, bool* done);
Result event_synchronize(void* event);
Result event_elapsed(void* from, void* to, float* milliseconds);

// ---- memory ----

Result allocate(std::int64_t bytes, void** out);
Result release(void* data);
// For what the host reads and kernels write.
Result allocate_shared(std::size_t bytes, void** out);
Result copy(void* stream, const CopyCall& call);
Result fill_zero(void* stream, void* data, std::int64_t bytes);
// Returns when the bytes are there.
Result read_back(void* stream, void* host, const void* device, std::int64_t bytes);
Result pin(void* data, std::int64_t bytes);
Result unpin(void* data);
// Of the thread's device: which memory the host and it both use. allocated and reserved are not its business.
Result unified_memory(int device, UnifiedMemory* out);
// Of that memory, for the thread's device, and back.
Result allocate_unified(std::int64_t bytes, void** out);
Result release_unified(void* data);
// Moves managed pages to the device, or to the host, in the stream's turn. Nothing for other memory.
Result prefetch(void* stream, void* data, std::int64_t bytes, int device, bool to_host);
// The device whose memory is at the address; -1: none.
Result device_at(const void* data, int* device);
// In the stream's turn, at once in a capture: the bytes may, or may no longer, be touched. For tests of the allocator's
// users.
void begin_use(void* stream, void* data, std::int64_t bytes);
void end_use(void* stream, void* data, std::int64_t bytes);

// ---- graphs ----

Result capture_begin(void* stream);
// Of the capture that the stream belongs to; 0: none.
Result capture_id(void* stream, std::uint64_t* id);
// The stream is as before in any case; the graph is null where the capture is of no use.
Result capture_end(void* stream, void** graph);
// After earlier launches of the graph.
Result graph_launch(void* graph, void* stream);
void graph_destroy(void* graph);

// ---- kernels ----

Result launch(void* stream, const void* kernel, unsigned blocks, unsigned threads, std::size_t shared_bytes,
              void** arguments);

}  // namespace tenon::cuda::runtime
