#include "backends/cuda/host/fiber.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#endif

#if defined(__x86_64__)
// Keeps what a callee must keep, and the stack's place, and takes the other's.
extern "C" void tenon_cuda_switch(void** own, void* other);
asm(R"(
.text
.type tenon_cuda_switch, @function
tenon_cuda_switch:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size tenon_cuda_switch, .-tenon_cuda_switch
)");
#endif

namespace tenon::cuda::host {
namespace {

#if defined(__SANITIZE_ADDRESS__)
constexpr std::size_t kStack = 256 * 1024;  // frames are larger there
#else
constexpr std::size_t kStack = 64 * 1024;
#endif
constexpr std::size_t kGuard = 4096;

thread_local Fiber* t_current = nullptr;

}  // namespace

Fiber::Fiber() {
  void* stack =
      mmap(nullptr, kStack + kGuard, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (stack == MAP_FAILED || mprotect(stack, kGuard, PROT_NONE) != 0) {
    std::perror("tenon_cudahost: no stack for a thread of a kernel");
    std::abort();
  }
  stack_ = static_cast<char*>(stack);
}

Fiber::~Fiber() { munmap(stack_, kStack + kGuard); }

void Fiber::begin(void (*body)(void*), void* context) {
  body_ = body;
  context_ = context;
  ended_ = false;
  own_shadow_ = nullptr;
  char* top = stack_ + kGuard + kStack;
#if defined(__x86_64__)
  // As if tenon_cuda_switch had been called by run(): six registers, the address to return to, and nobody above.
  auto* words = reinterpret_cast<std::uintptr_t*>(top - 64);
  for (int i = 0; i < 8; ++i) words[i] = 0;
  words[6] = reinterpret_cast<std::uintptr_t>(&run);
  own_ = words;
#else
  getcontext(&own_);
  own_.uc_stack.ss_sp = stack_ + kGuard;
  own_.uc_stack.ss_size = static_cast<std::size_t>(top - (stack_ + kGuard));
  own_.uc_link = nullptr;
  makecontext(&own_, &run, 0);
#endif
}

void Fiber::resume() {
  t_current = this;
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_start_switch_fiber(&other_shadow_, stack_ + kGuard, kStack);
#endif
  switch_in();
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(other_shadow_, nullptr, nullptr);
#endif
  t_current = nullptr;
}

void Fiber::leave() { t_current->switch_out(false); }

void Fiber::switch_in() {
#if defined(__x86_64__)
  tenon_cuda_switch(&other_, own_);
#else
  swapcontext(&other_, &own_);
#endif
}

void Fiber::switch_out(bool for_good) {
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_start_switch_fiber(for_good ? nullptr : &own_shadow_, other_stack_, other_size_);
#endif
  (void)for_good;
#if defined(__x86_64__)
  tenon_cuda_switch(&own_, other_);
#else
  swapcontext(&own_, &other_);
#endif
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(own_shadow_, &other_stack_, &other_size_);
#endif
}

void Fiber::run() {
  Fiber* f = t_current;
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(nullptr, &f->other_stack_, &f->other_size_);
#endif
  f->body_(f->context_);
  f->ended_ = true;
  f->switch_out(true);
}

}  // namespace tenon::cuda::host
