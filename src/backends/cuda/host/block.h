// The threads of a block, as fibers of one thread of the host. A warp runs until it must wait before the next one
// begins, which is as far apart as a device may let them come; who goes first is chosen (order.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <source_location>
#include <vector>

#include "backends/cuda/host/fiber.h"

namespace tenon::cuda::host {

// A line of source where threads wait for each other.
using Site = std::source_location;

class Block {
 public:
  // This thread's, which keeps its stacks.
  static Block& own();

  // Runs body(context, thread) for each thread. The threads share `shared` bytes, which hold garbage at first.
  void run(unsigned block, unsigned threads, std::size_t shared, void (*body)(const void*, unsigned),
           const void* context);

  void* shared() { return shared_.get(); }
  // ---- from within the body ----
  void sync(unsigned thread, const Site& site);
  // Waits for the warp alone.
  void sync_warp(unsigned thread, const Site& site);
  // Every lane's value, in slots of kSlot bytes, once all of the warp have given theirs.
  static constexpr std::size_t kSlot = 32;
  const unsigned char* exchange(unsigned thread, const void* value, std::size_t bytes, const Site& site);

 private:
  enum class Waits : unsigned char { nothing, warp, block };
  struct Runner {
    Block* block;
    unsigned thread;
    Waits waits = Waits::nothing;
    unsigned char turn = 0;  // which of the two sets of slots is next
  };

  static void run_thread(void* runner);
  void wait(unsigned thread, Waits what, const Site& site);
  // Until all of its threads have ended or wait for the block. Whether they wait.
  bool run_warp(unsigned warp, bool backwards);

  unsigned threads_ = 0;
  void (*body_)(const void*, unsigned) = nullptr;
  const void* context_ = nullptr;
  std::vector<std::unique_ptr<Fiber>> fibers_;
  std::vector<Runner> runners_;
  std::vector<unsigned char> slots_;
  std::unique_ptr<unsigned char[]> shared_;
  Site site_;  // where somebody waits, for messages
};

}  // namespace tenon::cuda::host
