#include "backends/sim/stream.h"

#include <algorithm>
#include <chrono>

namespace tenon::sim {

Queue::Queue(std::uint64_t seed, int longest_delay_us)
    : random_(seed), longest_delay_us_(longest_delay_us), thread_([this] { work(); }) {}

void Queue::push(Task task) {
  {
    const std::lock_guard lock(mutex_);
    if (recording_) {
      tail_ = {recording_->add(std::move(task), std::move(tail_))};
      return;
    }
  }
  push_past(std::move(task));
}

void Queue::push_past(Task task) {
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

void Queue::record_into(std::shared_ptr<Recording> recording, Recording::Nodes after) {
  const std::lock_guard lock(mutex_);
  recording_ = std::move(recording);
  recording_->join(this);
  tail_.insert(tail_.end(), after.begin(), after.end());
}

void Queue::stop_recording() {
  const std::lock_guard lock(mutex_);
  recording_.reset();
  tail_.clear();
}

std::shared_ptr<Recording> Queue::recording() {
  const std::lock_guard lock(mutex_);
  return recording_;
}

Recording::Nodes Queue::tail() {
  const std::lock_guard lock(mutex_);
  return tail_;
}

void Queue::wait() {
  std::unique_lock lock(mutex_);
  const std::uint64_t until = pushed_;
  emptied_.wait(lock, [&] { return done_ >= until; });
}

bool Queue::idle() {
  std::lock_guard lock(mutex_);
  return done_ == pushed_;
}

void Queue::hold(bool on) {
  {
    std::lock_guard lock(mutex_);
    held_ = on;
  }
  filled_.notify_one();
}

void Queue::hurry() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  filled_.notify_one();
}

void Queue::stop() {
  hurry();
  if (thread_.joinable()) thread_.join();
}

void Queue::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    filled_.wait(lock, [&] { return stopping_ || (!tasks_.empty() && !held_); });
    if (tasks_.empty()) return;
    Task task = std::move(tasks_.front());
    tasks_.pop_front();
    const bool late = !stopping_ && longest_delay_us_ > 0;
    lock.unlock();
    if (late)
      std::this_thread::sleep_for(
          std::chrono::microseconds(random_() % static_cast<std::uint64_t>(longest_delay_us_ + 1)));
    task();
    task = nullptr;  // what it holds goes before anybody hears of its end
    lock.lock();
    ++done_;
    emptied_.notify_all();
  }
}

std::uint64_t Mark::record() {
  std::lock_guard lock(mutex_);
  return ++recorded_;
}

void Mark::reach(std::uint64_t generation) {
  {
    std::lock_guard lock(mutex_);
    reached_ = std::max(reached_, generation);
    at_ = std::chrono::steady_clock::now().time_since_epoch() / std::chrono::nanoseconds(1);
  }
  changed_.notify_all();
}

std::uint64_t Mark::recorded() {
  std::lock_guard lock(mutex_);
  return recorded_;
}

bool Mark::reached() {
  std::lock_guard lock(mutex_);
  return reached_ == recorded_;
}

void Mark::wait(std::uint64_t generation) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return reached_ >= generation; });
}

std::int64_t Mark::nanoseconds() {
  std::lock_guard lock(mutex_);
  return at_;
}

const char* Event::record(Queue& queue) {
  recording = queue.recording();
  at = queue.tail();
  if (!recording) queue.push([mark = mark, generation = mark->record()] { mark->reach(generation); });
  return nullptr;
}

const char* Event::wait(Queue& queue, bool capturable) {
  const auto capture = queue.recording();
  if (!recording && !capture) {
    queue.push([mark = mark, generation = mark->recorded()] { mark->wait(generation); });
    return nullptr;
  }
  if (!recording && mark->recorded() == 0) return nullptr;
  if (!recording) return "the stream is being captured into a graph, and the event was recorded outside of the capture";
  if (recording->ended()) return "the event was recorded in the capture of a graph, which has ended";
  if (capture && capture != recording) return "the event belongs to the capture of another graph";
  if (!capturable) return "the default stream cannot be captured, and the event was recorded in the capture of a graph";
  queue.record_into(recording, at);
  return nullptr;
}

const char* Event::ask() const {
  return recording ? "the event was recorded in the capture of a graph, where nothing runs" : nullptr;
}

}  // namespace tenon::sim
