// A function with a stack of its own, that can be left in the middle and entered again.
#pragma once

#include <cstddef>

#if !defined(__x86_64__)
#include <ucontext.h>
#endif

namespace tenon::cuda::host {

class Fiber {
 public:
  Fiber();
  ~Fiber();
  Fiber(const Fiber&) = delete;

  // The next resume() begins body(context).
  void begin(void (*body)(void*), void* context);
  // Goes on with the body until it calls leave() or ends. Not to be called from within a fiber.
  void resume();
  // Back to resume(), from within the body.
  static void leave();
  bool ended() const { return ended_; }

 private:
  static void run();
  void switch_in();
  void switch_out(bool for_good);

  void (*body_)(void*) = nullptr;
  void* context_ = nullptr;
  bool ended_ = true;
  char* stack_;  // its lowest page cannot be touched
#if defined(__x86_64__)
  void* own_ = nullptr;
  void* other_ = nullptr;
#else
  ucontext_t own_, other_;
#endif
  // What AddressSanitizer keeps of either stack.
  void *own_shadow_ = nullptr, *other_shadow_ = nullptr;
  const void* other_stack_ = nullptr;
  std::size_t other_size_ = 0;
};

}  // namespace tenon::cuda::host
