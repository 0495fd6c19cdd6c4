// A stream of a simulated device: a thread that runs what is given to it, in order and late.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <random>
#include <thread>

#include "backends/sim/recording.h"

namespace tenon::sim {

class Queue {
 public:
  using Task = Recording::Task;

  Queue(std::uint64_t seed, int longest_delay_us);
  // Returns before the task has run; records it where the stream is being captured.
  void push(Task task);
  // The same, and never records.
  void push_past(Task task);
  // Returns when everything that was pushed before has run.
  void wait();
  bool idle();
  // While it is held it begins nothing.
  void hold(bool on);

  // What is pushed from now on is recorded, after `after`.
  void record_into(std::shared_ptr<Recording> recording, Recording::Nodes after);
  // And no more.
  void stop_recording();
  // Null: it is not captured.
  std::shared_ptr<Recording> recording();
  // What the next task waits for in the recording.
  Recording::Nodes tail();

  // Runs what is left without delays, and ends the thread: hurry() all streams first, since they wait for each other.
  // Later tasks run at once, on their caller's thread.
  void hurry();
  void stop();

 private:
  void work();

  std::mutex mutex_;
  std::condition_variable filled_, emptied_;
  std::deque<Task> tasks_;
  std::uint64_t pushed_ = 0, done_ = 0;
  bool stopping_ = false, held_ = false;
  std::shared_ptr<Recording> recording_;
  Recording::Nodes tail_;
  std::mt19937_64 random_;
  int longest_delay_us_;
  std::thread thread_;  // last: it uses the others
};

// A mark in a stream. Each record() is a generation of its own: who waits, waits for the one that it saw.
class Mark {
 public:
  // The generation that the stream will reach.
  std::uint64_t record();
  void reach(std::uint64_t generation);
  std::uint64_t recorded();
  bool reached();
  void wait(std::uint64_t generation);
  // When it was last reached.
  std::int64_t nanoseconds();

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t recorded_ = 0, reached_ = 0;
  std::int64_t at_ = 0;
};

// An event: a mark, or a place in a recording. record() and wait() return why it cannot be, as a literal, or null.
struct Event {
  std::shared_ptr<Mark> mark = std::make_shared<Mark>();
  bool timing = false;
  std::shared_ptr<Recording> recording;  // null: the mark counts
  Recording::Nodes at;

  const char* record(Queue& queue);
  // capturable: whether the stream may join a capture.
  const char* wait(Queue& queue, bool capturable);
  // Whether the host may ask it.
  const char* ask() const;
};

}  // namespace tenon::sim
