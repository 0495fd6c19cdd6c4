// What streams were given while they were captured: tasks, and which of them each must wait for. A graph.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <random>
#include <vector>

namespace tenon::sim {

class Queue;
class Mark;

class Recording {
 public:
  using Task = std::function<void()>;  // runs as often as the graph is replayed
  using Nodes = std::vector<std::size_t>;

  explicit Recording(std::uint64_t seed) : random_(seed) {}

  // A task that runs after the others. Its number.
  std::size_t add(Task task, Nodes after);
  // A stream that is captured into it.
  void join(Queue* queue);
  // Ends the capture: all streams go on as before. Why the recording is of no use, as a literal; null: it is good.
  const char* end(Queue& origin);
  bool ended();
  // Runs all tasks in one of the orders that are allowed, another one each time, so that a wait that is missing shows.
  void run();

 private:
  struct Node {
    Task task;
    Nodes after;
  };
  // Whether the nodes are among those that `from` comes after.
  bool reaches(const Nodes& from, const Nodes& nodes) const;

  std::mutex mutex_;
  std::vector<Node> nodes_;
  std::vector<Queue*> queues_;
  bool ended_ = false;
  std::mt19937_64 random_;
};

}  // namespace tenon::sim
