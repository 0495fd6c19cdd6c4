#include "backends/sim/stream.h"

#include <chrono>

namespace tenon::sim {

Stream::Stream(std::uint64_t seed, int longest_delay_us)
    : random_(seed), longest_delay_us_(longest_delay_us), thread_([this] { work(); }) {}

void Stream::push(Task task) {
  {
    std::lock_guard lock(mutex_);
    if (!stopping_) {
      tasks_.push_back(std::move(task));
      ++pushed_;
      task = nullptr;
    }
  }
  if (task) {
    task();
  } else {
    filled_.notify_one();
  }
}

void Stream::wait() {
  std::unique_lock lock(mutex_);
  const std::uint64_t until = pushed_;
  emptied_.wait(lock, [&] { return done_ >= until; });
}

void Stream::stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  filled_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void Stream::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    filled_.wait(lock, [&] { return !tasks_.empty() || stopping_; });
    if (tasks_.empty()) return;
    Task task = std::move(tasks_.front());
    tasks_.pop_front();
    const bool hurry = stopping_;
    lock.unlock();
    if (longest_delay_us_ > 0 && !hurry)
      std::this_thread::sleep_for(
          std::chrono::microseconds(random_() % static_cast<std::uint64_t>(longest_delay_us_ + 1)));
    task();
    task = nullptr;  // what it holds goes before anybody hears of its end
    lock.lock();
    ++done_;
    emptied_.notify_all();
  }
}

}  // namespace tenon::sim
