// Graphs: a device's work that is recorded once and given to it again and again, by one call.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "tenon/devices.h"
#include "tenon/storage.h"

namespace tenon {

class Generator;  // tenon/ops/random.h

// What of a graph's work the host renews for each replay.
class GraphPart {
 public:
  virtual ~GraphPart() = default;
  // Throws where the graph cannot be replayed. All parts are asked before the first one is renewed.
  virtual void check() {}
  // Gives the stream what the graph reads then.
  virtual void renew(Stream stream) = 0;
};

// What a graph has beside the device's work. Any thread that gives a captured stream something may add to it.
class TENON_API GraphParts {
 public:
  void add(std::shared_ptr<GraphPart> part);
  // Page-locked memory of the host.
  void keep(Ref<Storage> storage);
  std::vector<std::shared_ptr<GraphPart>> all() const;
  std::vector<Ref<Storage>> kept() const;

 private:
  mutable std::mutex mutex_;
  std::vector<std::shared_ptr<GraphPart>> parts_;
  std::vector<Ref<Storage>> kept_;
};

// Between capture_begin() and capture_end() operations on the captured stream do not run: the graph records them, with
// the memory that they read and write. replay() runs them all, on the same memory. Streams that wait for an event of the
// captured one are captured, too; that one must wait for them before the end.
//
// What waits for the device is an error then (item(), synchronize(), copies of memory that is not page-locked), and leaves
// the capture as it was. The graph keeps its memory: what was allocated in the capture, and what its operations touch.
// Random numbers continue the generator's stream with each replay; optimizers' steps count.
//
// One thread at a time uses a graph.
class TENON_API Graph {
 public:
  Graph() = default;
  ~Graph();
  Graph(const Graph&) = delete;
  Graph& operator=(const Graph&) = delete;

  // Throws DeviceError for the default stream, one that is captured already, and a backend without graphs; RuntimeError
  // unless the graph is empty.
  void capture_begin(Stream stream);
  // Throws RuntimeError where no capture was begun, DeviceError where what was recorded cannot be replayed; the graph is
  // empty then.
  void capture_end();
  // Runs what was recorded on the device's current stream, after earlier replays; the host does not wait. Throws
  // RuntimeError where there is nothing, DeviceError where the stream is being captured.
  void replay();
  // Makes it empty, which ends a capture. Its memory goes back once its replays have passed.
  void reset() noexcept;

  bool is_capturing() const { return state_ == State::capturing; }
  bool is_ready() const { return state_ == State::ready; }
  // That of the captured stream.
  Device device() const { return stream_.device; }

  // They last until a reset() of what was captured.
  const std::shared_ptr<GraphParts>& parts() const { return parts_; }

 private:
  enum class State { empty, capturing, ready };

  State state_ = State::empty;
  Stream stream_;
  void* handle_ = nullptr;  // the backend's
  std::shared_ptr<GraphParts> parts_ = std::make_shared<GraphParts>();
  std::vector<Stream> replayed_on_;
  Event done_;  // the last replay
};

// The parts of the graph that the stream is being recorded into; null: none.
TENON_API std::shared_ptr<GraphParts> graph_of(Stream stream);
inline bool is_capturing(Stream stream) { return graph_of(stream) != nullptr; }
// Captures of the graph may draw from this generator, too, which must outlive the graph: each replay continues its stream.
// (The default one needs no such call.)
TENON_API void register_generator(Graph& graph, Generator& generator);

}  // namespace tenon
