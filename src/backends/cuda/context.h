// What an entry of the table works with: a stream of a device, the operation's name, memory, and how to fail.
#pragma once

#include <cstddef>
#include <cstdint>

#include "tenon/backend.h"

namespace tenon::cuda {

// An entry fails by throwing one; backend.cc makes it the entry's status.
struct Error {
  Status status;
  char what[192];
  std::int64_t bytes = 0;  // out_of_memory: what was asked for
  bool lost = false;       // the device does nothing any more
};
[[noreturn]] void fail(Status status, const char* what);

namespace runtime {
struct Result;
}
// Throws what the driver says.
void check(const runtime::Result& result);

// The first thing that a kernel found wrong. It lies where the host can read it, and the next wait reports it.
struct Fault {
  unsigned state;  // 0: nothing; 1: being written; 2: complete
  int axis;
  const char* op;
  std::int64_t index, size;
};

struct Context {
  int device;
  Stream at;
  void* stream;  // the driver's
  const char* op;
  Fault* fault;
};

// Device memory for a call's own use. It serves again once the stream has passed.
class Scratch {
 public:
  Scratch(const Context& context, std::int64_t bytes);
  ~Scratch();
  Scratch(const Scratch&) = delete;
  template <class T>
  T* get() const {
    return static_cast<T*>(data_);
  }

 private:
  const Context& context_;
  void* data_;
};

}  // namespace tenon::cuda
