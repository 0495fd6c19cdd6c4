// Long work asks now and then whether it is to stop: Ctrl-C in Python.
#pragma once

#include <cstdint>
#include <exception>

#include "tenon/macros.h"

namespace tenon {

// The work was stopped. What it was writing has some new and some old elements.
class TENON_API Interrupted final : public std::exception {
 public:
  const char* what() const noexcept override { return "interrupted"; }
};

// Answers whether work on the calling thread is to stop. It may run code of any kind.
using InterruptCheck = bool (*)();
TENON_API void set_interrupt_check(InterruptCheck check);
// Asks the check, at most every twentieth of a second; throws Interrupted where it says so. Between pieces of work, with
// no lock held. 8 ns where there is nothing to ask yet.
TENON_API void check_interrupt();

// A loop without pieces counts its elements here, and asks once for each million.
class Pace {
 public:
  void did(std::int64_t elements) {
    left_ -= elements;
    if (left_ > 0) return;
    left_ = kElements;
    check_interrupt();
  }

 private:
  static constexpr std::int64_t kElements = 1 << 20;
  std::int64_t left_ = kElements;
};

// What crossed the table of a backend as a status goes on as Interrupted.
bool take_interrupted();
void leave_interrupted();

// While one lives, this thread is not asked: it holds a lock that the check's code may want.
class NoInterrupts {
 public:
  NoInterrupts();
  ~NoInterrupts();
  NoInterrupts(const NoInterrupts&) = delete;
};

}  // namespace tenon
