// Graphs: captures of streams, the driver's executable form of them, and the memory that they keep.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>

#include "backends/cuda/context.h"

namespace tenon::cuda {

class Graph {
 public:
  // Begins a capture.
  explicit Graph(Stream stream);
  ~Graph();
  Graph(const Graph&) = delete;

  // Ends it. Throws Error where it is of no use.
  void end();
  // On a stream of its device.
  void replay(std::int32_t stream);
  int device() const { return stream_.device.index; }
  std::uint64_t id() const { return id_; }

  // The one that the stream is being captured into; null: none.
  static Graph* of(Stream stream);
  // Ends it now, or, where its replays have not passed, in a later collect().
  static void destroy(Graph* graph) noexcept;
  static void collect() noexcept;

 private:
  bool passed() noexcept;

  Stream stream_;
  std::uint64_t id_ = 0;  // the driver's, of the capture
  bool capturing_ = false;
  void* runnable_ = nullptr;
  std::map<std::int32_t, void*> replayed_;  // an event after the last replay, by stream
};

// Where the stream is being captured: its graph keeps the block of the device at the address.
void hold_for_capture(Stream stream, int device, const void* p);

}  // namespace tenon::cuda
