#include "backends/cuda/graphs.h"

#include <list>
#include <mutex>

#include "backends/cuda/device.h"
#include "backends/cuda/runtime.h"

namespace tenon::cuda {
namespace {

// Never destroyed, since graphs may outlive static objects.
struct Register {
  std::mutex mutex;
  std::map<std::uint64_t, Graph*> captures;  // under way, by the driver's number
  std::list<Graph*> ending;  // replays have not passed
};
Register& all() {
  static auto* r = new Register;
  return *r;
}

std::atomic<int> g_ending{0};

}  // namespace

Graph::Graph(Stream stream) : stream_(stream) {
  Device& d = raw_device(device());
  void* handle = d.stream(stream.index);
  check(runtime::capture_begin(handle));
  capturing_ = true;
  d.memory.begin_capture();
  check(runtime::capture_id(handle, &id_));
  const std::lock_guard lock(all().mutex);
  all().captures[id_] = this;
}

Graph::~Graph() {
  Device& d = raw_device(device());
  try {
    if (capturing_) end();
    for (const auto& [stream, event] : replayed_) runtime::event_destroy(event);
    if (runnable_) runtime::graph_destroy(runnable_);
    d.memory.end_graph(id_);
  } catch (const Error&) {
    return;  // the device is lost, and so is its memory
  }
}

void Graph::end() {
  Device& d = raw_device(device());
  capturing_ = false;
  {
    const std::lock_guard lock(all().mutex);
    all().captures.erase(id_);
  }
  const runtime::Result r = runtime::capture_end(d.stream(stream_.index), &runnable_);
  d.memory.end_capture();
  check(r);
}

void Graph::replay(std::int32_t stream) {
  Device& d = raw_device(device());
  void* handle = d.stream_for(stream, "replay");
  check(runtime::graph_launch(runnable_, handle));
  void*& event = replayed_[stream];
  if (!event) check(runtime::event_create(false, &event));
  check(runtime::event_record(event, handle));
}

bool Graph::passed() noexcept {
  try {
    bool all_passed = raw_device(device()).lost() || replayed_.empty();
    if (all_passed) return true;
    check(runtime::use_device(device()));
    for (const auto& [stream, event] : replayed_) {
      check(runtime::event_query(event, &all_passed));
      if (!all_passed) return false;
    }
  } catch (const Error&) {
    return true;  // there is nothing to wait for any more
  }
  return true;
}

Graph* Graph::of(Stream stream) {
  Device& d = raw_device(stream.device.index);
  if (forked() || d.lost()) return nullptr;
  std::uint64_t id = 0;
  check(runtime::capture_id(d.stream(stream.index), &id));
  const std::lock_guard lock(all().mutex);
  const auto found = all().captures.find(id);
  return found == all().captures.end() ? nullptr : found->second;
}

void Graph::destroy(Graph* graph) noexcept {
  {
    const std::lock_guard lock(all().mutex);
    all().ending.push_back(graph);
    ++g_ending;
  }
  collect();
}

void Graph::collect() noexcept {
  if (g_ending == 0) return;
  std::list<Graph*> gone;
  {
    const std::lock_guard lock(all().mutex);
    auto& ending = all().ending;
    for (auto it = ending.begin(); it != ending.end();) {
      const auto next = std::next(it);
      if ((*it)->passed()) gone.splice(gone.end(), ending, it);
      it = next;
    }
  }
  g_ending -= static_cast<int>(gone.size());
  for (Graph* g : gone) delete g;
}

void hold_for_capture(Stream stream, int device, const void* p) {
  if (!raw_device(stream.device.index).is_captured(stream.index)) return;
  if (const Graph* g = Graph::of(stream)) raw_device(device).memory.hold(g->id(), p);
}

}  // namespace tenon::cuda
