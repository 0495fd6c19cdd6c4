#include "tenon/graph.h"

#include <algorithm>
#include <memory>
#include <mutex>
#include <utility>

#include "core/fork.h"
#include "core/keep.h"
#include "core/launch.h"

namespace tenon {

std::atomic<int> g_captures{0};

namespace {

struct Capture {
  std::shared_ptr<GraphParts> parts;
  void* handle;
  Device device;
};
struct UnderWay : std::mutex {
  std::vector<Capture> all;
};
UnderWay& under_way() { return held_over_forks<UnderWay, ForkLevel::transfer>(); }

void begin(const Capture& c) {
  UnderWay& u = under_way();
  const std::lock_guard lock(u);
  u.all.push_back(c);
  ++g_captures;
}
void end(const void* handle) {
  UnderWay& u = under_way();
  const std::lock_guard lock(u);
  g_captures -= static_cast<int>(std::erase_if(u.all, [handle](const Capture& c) { return c.handle == handle; }));
}

}  // namespace

std::shared_ptr<GraphParts> graph_of(Stream stream) {
  if (!any_capture() || stream.device.is_cpu()) return nullptr;
  void* handle = nullptr;
  const Backend& b = backend(stream.device);
  if (!b.capture_of || b.capture_of(stream, &handle) != Status::ok || !handle) return nullptr;
  UnderWay& u = under_way();
  const std::lock_guard lock(u);
  const auto found = std::ranges::find(u.all, handle, &Capture::handle);
  return found == u.all.end() ? nullptr : found->parts;
}

void refuse_in_capture(const char* op, Stream stream) {
  if (is_capturing(stream)) errors::in_capture(op, stream.device, true);
}

void refuse_in_capture(const char* op, Device device) {
  if (!any_capture()) return;
  UnderWay& u = under_way();
  const std::lock_guard lock(u);
  if (std::ranges::find(u.all, device, &Capture::device) != u.all.end()) errors::in_capture(op, device, false);
}

void GraphParts::add(std::shared_ptr<GraphPart> part) {
  const std::lock_guard lock(mutex_);
  parts_.push_back(std::move(part));
}
void GraphParts::keep(Ref<Storage> storage) {
  const std::lock_guard lock(mutex_);
  kept_.push_back(std::move(storage));
}
std::vector<std::shared_ptr<GraphPart>> GraphParts::all() const {
  const std::lock_guard lock(mutex_);
  return parts_;
}
std::vector<Ref<Storage>> GraphParts::kept() const {
  const std::lock_guard lock(mutex_);
  return kept_;
}

Graph::~Graph() { reset(); }

void Graph::capture_begin(Stream stream) {
  const char* op = "capture_begin";
  if (state_ != State::empty)
    errors::fail<RuntimeError>(
        op, is_capturing() ? "the graph is being captured already" : "the graph holds a capture; use reset() first");
  if (stream.device.is_cpu()) errors::fail<DeviceError>(op, "the CPU has no streams to capture");
  const Backend& b = backend(stream.device);
  if (!b.capture_begin) errors::fail<DeviceError>(op, "the backend of ", stream.device, " has no graphs");
  if (stream.index == 0)
    errors::fail<DeviceError>(op, "the default stream of ", stream.device,
                              " cannot be captured; make another one current, as tenon.cuda.graph() does");
  if (tenon::is_capturing(stream))
    errors::fail<DeviceError>(op, "the stream is being captured into another graph; end that capture first");
  check(b.capture_begin(stream, &handle_), op, stream.device);
  stream_ = stream;
  state_ = State::capturing;
  begin({parts_, handle_, stream.device});
}

void Graph::capture_end() {
  const char* op = "capture_end";
  if (!is_capturing()) errors::fail<RuntimeError>(op, "no capture was begun; use capture_begin() first");
  const Status status = backend(stream_.device).capture_end(handle_);
  end(handle_);
  state_ = State::ready;
  if (status == Status::ok) return;
  try {
    launch_failed(status, op, stream_.device);
  } catch (...) {
    reset();
    throw;
  }
}

void Graph::replay() {
  const char* op = "replay";
  if (!is_ready())
    errors::fail<RuntimeError>(op, is_capturing() ? "the graph is still being captured; use capture_end() first"
                                                  : "the graph is empty; capture something first");
  const Device device = stream_.device;
  const Stream stream = current_stream(device);
  if (tenon::is_capturing(stream))
    errors::fail<DeviceError>(op, "the stream is being captured, and a graph cannot be part of another one");
  let_go_of_passed();
  const auto parts = parts_->all();
  for (const auto& part : parts) part->check();
  if (replayed_on_.empty()) wait(stream, {device, 0});  // for which the parts' memory was allocated
  // What the parts write is what earlier replays may still read.
  done_.wait(stream);
  if (std::ranges::find(replayed_on_, stream) == replayed_on_.end()) replayed_on_.push_back(stream);
  const StreamGuard guard(stream);
  for (const auto& part : parts) part->renew(stream);
  check(backend(device).graph_replay(stream, handle_), op, device);
  done_.record(stream);
  if (waits_after_each_call()) check(backend(device).stream_synchronize(stream), op, device);
}

void Graph::reset() noexcept {
  if (state_ == State::empty) return;
  end(handle_);
  backend(stream_.device).graph_destroy(std::exchange(handle_, nullptr));
  state_ = State::empty;
  const auto kept = parts_->kept();
  // Replays that run read what the host has page-locked for them.
  for (const Stream& stream : replayed_on_)
    for (const Ref<Storage>& storage : kept) {
      try {
        keep_until_passed(stream, storage);
      } catch (...) {
        continue;  // the device does nothing any more
      }
    }
  replayed_on_.clear();
  std::destroy_at(&done_);  // the next capture may be another device's
  std::construct_at(&done_);
  parts_ = std::make_shared<GraphParts>();
}

}  // namespace tenon
