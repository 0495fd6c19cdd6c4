// Streams, events, memory and copies of the simulated devices: the table's entries that are no operations.
#pragma once

#include "tenon/backend.h"

namespace tenon::sim {

Status properties(int device, DeviceProperties* out) noexcept;
Status memory_info(int device, MemoryInfo* out) noexcept;
Status synchronize(int device) noexcept;

Status stream_handle(Stream, std::uintptr_t* out) noexcept;
Status stream_adopt(int device, std::uintptr_t handle, std::int32_t* index) noexcept;
Status stream_query(Stream, bool* done) noexcept;
Status stream_synchronize(Stream) noexcept;
Status stream_callback(Stream, void (*f)(void*), void* context) noexcept;

Status event_create(int device, bool timing, void** event) noexcept;
void event_destroy(int device, void* event) noexcept;
Status event_record(void* event, Stream) noexcept;
Status event_wait(void* event, Stream) noexcept;
Status event_query(int device, void* event, bool* done) noexcept;
Status event_synchronize(int device, void* event) noexcept;
Status event_elapsed(int device, void* from, void* to, double* milliseconds) noexcept;

Status allocate(Stream, std::int64_t bytes, void** out) noexcept;
Status free(Stream, void* data, std::int64_t bytes) noexcept;
Status record_use(Stream, void* data) noexcept;
Status copy(Stream, const char* op, const CopyCall&) noexcept;
Status pin(void* data, std::int64_t bytes) noexcept;
Status unpin(void* data) noexcept;
Status memory_statistics(int device, MemoryStatistics* out) noexcept;
Status reset_memory_peaks(int device) noexcept;
Status empty_cache(int device) noexcept;
Status limit_memory(int device, std::int64_t bytes) noexcept;
Status device_at(const void* data, int* device) noexcept;
Status unified_memory(int device, UnifiedMemory* out) noexcept;
Status allocate_unified(Stream, std::int64_t bytes, void** out) noexcept;
Status prefetch(Stream, void* data, std::int64_t bytes, bool to_host) noexcept;

// Copies so far, by kind.
std::int64_t copies(Copy kind);
void reset_copies();
// Bytes of unified memory that were brought to the host's side and to the devices'.
std::int64_t prefetched(bool to_host);

}  // namespace tenon::sim
