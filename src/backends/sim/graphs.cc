#include "backends/sim/graphs.h"

#include <map>
#include <mutex>

#include "backends/sim/device.h"

namespace tenon::sim {
namespace {

struct Graph {
  std::shared_ptr<Recording> recording;
  Stream origin;
  Memory::Held held[kDevices];
  std::shared_ptr<Mark> replays = std::make_shared<Mark>();  // one begins when the one before has ended
};

std::mutex g_mutex;
std::map<const Recording*, Graph*> g_graphs;

const char* end_capture(Graph& g) {
  if (g.recording->ended()) return nullptr;
  Sim& d = raw_device(g.origin.device.index);
  --d.captures;
  return g.recording->end(*d.queue(g.origin.index));
}

}  // namespace

Status capture_begin(Stream stream, void** graph) noexcept {
  Sim* d = device_at("capture_begin", stream.device.index);
  if (!d) return Status::failed;
  Queue* q = d->queue(stream.index);
  if (!q) return fail("capture_begin", Status::failed, "there is no such stream");
  auto* g = new Graph;
  g->recording = std::make_shared<Recording>(static_cast<std::uint64_t>(environment("TENON_SIM_SEED", 1)));
  g->origin = stream;
  {
    const std::lock_guard lock(g_mutex);
    g_graphs[g->recording.get()] = g;
  }
  ++d->captures;
  q->record_into(g->recording, {});
  *graph = g;
  return Status::ok;
}

Status capture_end(void* graph) noexcept {
  auto& g = *static_cast<Graph*>(graph);
  if (forked()) return fail("capture_end", Status::failed, "it was begun before this process was forked");
  const char* why = end_capture(g);
  if (raw_device(g.origin.device.index).injected.lost) why = "the device was lost";
  return why ? fail("capture_end", Status::failed, why) : Status::ok;
}

Status capture_of(Stream stream, void** graph) noexcept {
  *graph = nullptr;
  if (forked()) return Status::ok;
  Queue* q = raw_device(stream.device.index).queue(stream.index);
  const auto recording = q ? q->recording() : nullptr;
  const std::lock_guard lock(g_mutex);
  if (const auto found = g_graphs.find(recording.get()); found != g_graphs.end()) *graph = found->second;
  return Status::ok;
}

Status graph_replay(Stream stream, void* graph) noexcept {
  Sim* d = device_at("replay", stream.device.index);
  if (!d) return Status::failed;
  Queue* q = d->queue(stream.index);
  if (!q) return fail("replay", Status::failed, "there is no such stream");
  if (take(d->injected.launches)) return fail("replay", Status::failed, "the driver refused the launch");
  auto& g = *static_cast<Graph*>(graph);
  q->push([recording = g.recording, mark = g.replays, generation = g.replays->record()] {
    mark->wait(generation - 1);
    recording->run();
    mark->reach(generation);
  });
  return Status::ok;
}

// In the turn of all streams: whichever passes last lets the memory go.
void graph_destroy(void* graph) noexcept {
  auto* g = static_cast<Graph*>(graph);
  if (forked()) return;
  (void)end_capture(*g);
  {
    const std::lock_guard lock(g_mutex);
    g_graphs.erase(g->recording.get());
  }
  const std::shared_ptr<void> last(nullptr, [g](void*) {
    for (int i = 0; i < kDevices; ++i) raw_device(i).memory.let_go(g->held[i]);
    delete g;
  });
  for (int i = 0; i < kDevices; ++i)
    for (std::int32_t s = 0; s < raw_device(i).streams(); ++s) raw_device(i).queue(s)->push_past([last] {});
}

void hold_for_capture(Queue& queue, int device, const void* p) {
  const auto recording = queue.recording();
  if (!recording) return;
  const std::lock_guard lock(g_mutex);
  if (const auto found = g_graphs.find(recording.get()); found != g_graphs.end())
    raw_device(device).memory.hold(found->second->held[device], p);
}

}  // namespace tenon::sim
