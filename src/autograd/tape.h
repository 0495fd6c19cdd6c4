// What recording (tape.cc, saved.cc, inplace.cc) and the engine that runs the graph (engine.cc) share.
#pragma once

#include <mutex>

#include "autograd/hooks.h"
#include "autograd/meta.h"

namespace tenon {

// t's, made where there is none.
AutogradMeta& meta(const Tensor& t);
// Whether a view's base got another history since the view's own was made. What shows the bytes as another dtype
// has no gradient, and the history of a base that set_data() gave other memory is not the view's.
bool outdated(const TensorImpl* view);

// Whoever reads or changes a .grad holds its mutex, one for the library and the binding.
TENON_API std::mutex& gradient_mutex(const Tensor& grad);

// What runs on this thread.
struct Engine {
  [[gnu::tls_model("initial-exec")]] static constinit thread_local Node* running;
  [[gnu::tls_model("initial-exec")]] static constinit thread_local bool used_saved;  // by what is running

  static Hooks& hooks_of(Node& n) { return n.made_hooks(); }

  // Several threads may run a node at once. The first that is to free it closes it to others, and what was saved goes
  // with the last that leaves.
  class Use {
   public:
    explicit Use(Node& n);  // throws GradError if it is closed
    ~Use();
    void close() { node_.running_.fetch_or(Node::kFreed, std::memory_order_relaxed); }
    Use(const Use&) = delete;

   private:
    Node& node_;
  };
};

}  // namespace tenon
