#include "backends/sim/recording.h"

#include <algorithm>

#include "backends/sim/stream.h"

namespace tenon::sim {

std::size_t Recording::add(Task task, Nodes after) {
  const std::lock_guard lock(mutex_);
  nodes_.push_back({std::move(task), std::move(after)});
  return nodes_.size() - 1;
}

void Recording::join(Queue* queue) {
  const std::lock_guard lock(mutex_);
  if (std::find(queues_.begin(), queues_.end(), queue) == queues_.end()) queues_.push_back(queue);
}

const char* Recording::end(Queue& origin) {
  const Nodes tail = origin.tail();
  bool joined = true;
  for (Queue* q : queues_) {
    joined = joined && (q == &origin || reaches(tail, q->tail()));
    q->stop_recording();
  }
  const std::lock_guard lock(mutex_);
  ended_ = true;
  return joined ? nullptr : "a stream that joined the capture was not waited for by the captured one at its end";
}

bool Recording::ended() {
  const std::lock_guard lock(mutex_);
  return ended_;
}

bool Recording::reaches(const Nodes& from, const Nodes& nodes) const {
  std::vector<bool> seen(nodes_.size());
  Nodes open = from;
  while (!open.empty()) {
    const std::size_t n = open.back();
    open.pop_back();
    if (seen[n]) continue;
    seen[n] = true;
    open.insert(open.end(), nodes_[n].after.begin(), nodes_[n].after.end());
  }
  return std::all_of(nodes.begin(), nodes.end(), [&](std::size_t n) { return seen[n]; });
}

void Recording::run() {
  std::vector<std::size_t> left(nodes_.size());
  std::vector<Nodes> next(nodes_.size());
  Nodes ready;
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    left[i] = nodes_[i].after.size();
    for (const std::size_t before : nodes_[i].after) next[before].push_back(i);
    if (left[i] == 0) ready.push_back(i);
  }
  while (!ready.empty()) {
    std::swap(ready[random_() % ready.size()], ready.back());
    const std::size_t n = ready.back();
    ready.pop_back();
    nodes_[n].task();
    for (const std::size_t i : next[n])
      if (--left[i] == 0) ready.push_back(i);
  }
}

}  // namespace tenon::sim
