// Blocks of one size, kept per thread for reuse: creating a small object costs a few instructions.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <new>
#include <utility>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define TENON_NO_POOLS 1  // so that a sanitizer sees every object's life
#else
#define TENON_NO_POOLS 0
#endif

namespace tenon {

class FreeList {
 public:
  constexpr FreeList() = default;

  void* take(std::size_t bytes) {
    if (head_) {
      void* p = head_;
      head_ = *static_cast<void**>(p);
      --count_;
      return p;
    }
    void* p = std::aligned_alloc(64, (bytes + 63) / 64 * 64);
    if (!p) throw std::bad_alloc();
    return p;
  }
  void give(void* p) {
    if (TENON_NO_POOLS || closed_ || count_ >= kCapacity) {
      std::free(p);
      return;
    }
    *static_cast<void**>(p) = head_;
    head_ = p;
    ++count_;
  }
  // Frees what is held; later blocks go straight to the system (objects may outlive their thread's list).
  void close() {
    closed_ = true;
    while (head_) std::free(std::exchange(head_, *static_cast<void**>(head_)));
  }

 private:
  static constexpr int kCapacity = 128;
  void* head_ = nullptr;
  int count_ = 0;
  bool closed_ = false;
};

// Lists of one thread. The arrays are trivially destructible, so that they can be used until the very end.
template <int N>
struct FreeLists {
  FreeList lists[N];
};

template <int N>
FreeLists<N>& closing(FreeLists<N>& lists) {
  struct Guard {
    FreeLists<N>& l;
    ~Guard() {
      for (auto& list : l.lists) list.close();
    }
  };
  thread_local Guard guard{lists};
  (void)guard;
  return lists;
}

}  // namespace tenon
