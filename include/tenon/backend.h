// The plugin ABI: what a device has to provide. Plain structs and function pointers, no Python, no CUDA. Only backends
// and what launches their calls (src/core) include this.
//
// A backend runs its calls in the order of their stream, later if it likes. Its entries throw nothing. What fails at
// once is the entry's status. What fails later is the status of the next entry of this device that waits, once, and
// leaves everything else usable. An entry that is null, or returns unavailable, gives the one error
// "<op>: not available on <device> for <dtype>".
#pragma once

#include <cstdint>
#include <string>

#include "tenon/calls.h"
#include "tenon/devices.h"

namespace tenon {

enum class Status : int { ok, unavailable, out_of_memory, failed, bad_index };

// Why a call returned out_of_memory, failed or bad_index.
struct Failure {
  Status status;
  char op[64];     // the operation that failed, which is not the one that reports it where `late`
  bool late;       // it failed after its call had returned
  char what[192];  // failed: part of a sentence
  std::int64_t index;        // bad_index: which...
  std::int64_t size;         // ...the size of the dimension that it indexed; out_of_memory: the bytes asked for
  int axis;                  // bad_index: that dimension
};

// Runs a call. `op` names the user's operation and is a literal: it is kept for later failures.
template <class Call>
using Entry = Status (*)(Stream, const char* op, const Call&) noexcept;

struct Backend {
  // These two are the first ones in every version of tenon, so that versions that do not fit can be named.
  std::uint64_t abi;    // kBackendAbi of the headers that it was built with
  const char* version;  // tenon's; null: not checked
  const char* name;   // "cpu", "cuda"

  int (*device_count)() noexcept;
  // What this thread's last call that was not ok says.
  void (*last_error)(int device, Failure* out) noexcept;

  // ---- null for the CPU: devices, streams, events, memory ----

  Status (*properties)(int device, DeviceProperties* out) noexcept;
  Status (*memory_info)(int device, MemoryInfo* out) noexcept;
  // Waits for all streams.
  Status (*synchronize)(int device) noexcept;

  Status (*stream_handle)(Stream, std::uintptr_t* out) noexcept;
  // The stream of a handle, registered under an index if it is new. failed: there is none.
  Status (*stream_adopt)(int device, std::uintptr_t handle, std::int32_t* index) noexcept;
  Status (*stream_query)(Stream, bool* done) noexcept;
  Status (*stream_synchronize)(Stream) noexcept;
  // Calls f(context) in its turn, on a thread of the backend's: it may neither wait nor call tenon or the device.
  Status (*stream_callback)(Stream, void (*f)(void* context), void* context) noexcept;

  Status (*event_create)(int device, bool timing, void** event) noexcept;
  void (*event_destroy)(int device, void* event) noexcept;
  Status (*event_record)(void* event, Stream) noexcept;
  Status (*event_wait)(void* event, Stream) noexcept;  // the stream waits, which may be another device's
  Status (*event_query)(int device, void* event, bool* done) noexcept;
  Status (*event_synchronize)(int device, void* event) noexcept;
  Status (*event_elapsed)(int device, void* from, void* to, double* milliseconds) noexcept;

  // Memory belongs to the stream that it was allocated for: freed, it serves again when that stream has passed, and
  // those of record_use have passed what they were given before free().
  Status (*allocate)(Stream, std::int64_t bytes, void** out) noexcept;
  Status (*free)(Stream, void* data, std::int64_t bytes) noexcept;
  Status (*record_use)(Stream, void* data) noexcept;
  // (waits, unless the call is asynchronous)
  Entry<CopyCall> copy;
  // Page-locks host memory where it is, for copies at the bus's full speed; lets it go. (optional)
  Status (*pin)(void* data, std::int64_t bytes) noexcept;
  Status (*unpin)(void* data) noexcept;
  // What of the memory is used for what; a limit of 0 is none. (optional)
  Status (*memory_statistics)(int device, MemoryStatistics* out) noexcept;
  Status (*reset_memory_peaks)(int device) noexcept;
  Status (*empty_cache)(int device) noexcept;
  Status (*limit_memory)(int device, std::int64_t bytes) noexcept;
  // The device whose memory is at the address; -1: none. (optional)
  Status (*device_at)(const void* data, int* device) noexcept;

  // ---- graphs: work that is recorded once and replayed (optional: all or none) ----

  // What the stream is given from now on does not run but is recorded, and so is what streams are given that wait for an
  // event of it. Nothing may wait for these streams meanwhile. Memory that is allocated for them, and what recorded calls
  // touch, is the graph's: freed, it serves nobody but the capture until the graph is gone.
  Status (*capture_begin)(Stream, void** graph) noexcept;
  // Ends it. Not ok: nothing can be replayed.
  Status (*capture_end)(void* graph) noexcept;
  // The graph that the stream is recorded into; null: none.
  Status (*capture_of)(Stream, void** graph) noexcept;
  // Gives all of it to the stream, a device's own; after its earlier replays.
  Status (*graph_replay)(Stream, void* graph) noexcept;
  // Ends a capture, too. What the graph has goes once its replays have passed.
  void (*graph_destroy)(void* graph) noexcept;

  // ---- operations: an entry for each call (calls.h). elementwise and reduce are needed, the others optional ----

#define TENON_ENTRY(name, call) Entry<call> name;
  TENON_ENTRIES(TENON_ENTRY)
#undef TENON_ENTRY

  // ---- memory that the host and the device both use (optional, all but prefetch together) ----

  Status (*unified_memory)(int device, UnifiedMemory* out) noexcept;
  // As allocate() and free(); record_use() takes it, too.
  Status (*allocate_unified)(Stream, std::int64_t bytes, void** out) noexcept;
  Status (*free_unified)(Stream, void* data, std::int64_t bytes) noexcept;
  // Moves pages to where they are used next, in the stream's turn. (optional)
  Status (*prefetch)(Stream, void* data, std::int64_t bytes, bool to_host) noexcept;
};

// The one symbol that a plugin exports: extern "C" const tenon::Backend* tenon_backend();
using BackendEntry = const Backend* (*)();

// The table for a device. Throws DeviceError, saying what to install, if its backend is absent or has no such device.
TENON_API const Backend& backend(Device device);
// Finds the plugins of installed packages: called with the device type's name ("cuda") and the library's, on any thread; it
// returns a path, or "" where there is none. The order: the environment (TENON_CUDA_LIB), the locator, beside this library.
using PluginLocator = std::string (*)(const char* type, const char* library);
TENON_API void set_plugin_locator(PluginLocator locator);
// Makes a table that lives as long as the process the backend of a device type, in place of the plugin that would be
// looked for. Throws RuntimeError if the type has a backend already, DeviceError for a table of another ABI.
TENON_API void register_backend(DeviceType type, const Backend* table);

}  // namespace tenon
