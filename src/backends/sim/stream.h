// The stream of one simulated device: a thread that runs what is given to it, in order and late.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <random>
#include <thread>

namespace tenon::sim {

class Stream {
 public:
  using Task = std::function<void()>;

  Stream(std::uint64_t seed, int longest_delay_us);
  // Returns before the task has run.
  void push(Task task);
  // Returns when everything that was pushed before has run.
  void wait();
  // Runs the task in its turn and waits for it.
  void run(Task task) {
    push(std::move(task));
    wait();
  }
  // Runs what is left and ends the thread; later tasks run at once, on their caller's thread.
  void stop();

 private:
  void work();

  std::mutex mutex_;
  std::condition_variable filled_, emptied_;
  std::deque<Task> tasks_;
  std::uint64_t pushed_ = 0, done_ = 0;
  bool stopping_ = false;
  std::mt19937_64 random_;
  int longest_delay_us_;
  std::thread thread_;  // last: it uses the others
};

}  // namespace tenon::sim
