// What the graph (tape.cc) and the engine that runs it (engine.cc) share.
#pragma once

#include "autograd/meta.h"
#include "autograd/mutexes.h"

namespace tenon {

// t's, made where there is none.
AutogradMeta& meta(const Tensor& t);

// Whoever reads or changes a .grad holds its mutex.
inline std::mutex& gradient_mutex(const Tensor& grad) { return mutex_of<struct Gradients>(&grad); }

// What runs on this thread.
struct Engine {
  static void free(Node& n) {
    n.free_saved();
    n.freed_ = true;
  }
  static constinit thread_local Node* running;
  static constinit thread_local bool used_saved;  // by what is running
};

}  // namespace tenon
