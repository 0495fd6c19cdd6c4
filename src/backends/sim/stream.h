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

namespace tenon::sim {

class Queue {
 public:
  using Task = std::function<void()>;

  Queue(std::uint64_t seed, int longest_delay_us);
  // Returns before the task has run.
  void push(Task task);
  // Returns when everything that was pushed before has run.
  void wait();
  bool idle();
  // While it is held it begins nothing.
  void hold(bool on);
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

}  // namespace tenon::sim
