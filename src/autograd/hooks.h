// What users hang on a node, and how the engine calls it.
#pragma once

#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "autograd/anomaly.h"
#include "tenon/node.h"

namespace tenon {

struct Hooks {
  template <class F>
  struct Entry {
    std::uint64_t id;
    std::shared_ptr<const F> function;  // shared with whoever is calling it
    void* python;
    std::uint32_t output = 0;
  };
  template <class F>
  using List = std::vector<Entry<F>>;

  std::mutex mutex;  // held while the lists are read or changed, never while a hook runs
  std::uint64_t next_id = 1;
  List<TensorHook> tensor;
  List<NodePreHook> before;
  List<NodeHook> after;
  List<LeafHook> leaf;
  std::vector<std::pair<std::uint32_t, std::shared_ptr<Tensor>>> retained;  // retain_grad()'s, by output

  std::shared_ptr<void> metadata;  // a Python object
  std::unique_ptr<anomaly::Trace> trace;  // of a node that was recorded in anomaly mode

  // Those of an output; all where it is -1.
  template <class F>
  std::vector<std::shared_ptr<const F>> of(const List<F>& list, std::int64_t output = -1) {
    std::lock_guard lock(mutex);
    std::vector<std::shared_ptr<const F>> out;
    for (const Entry<F>& e : list)
      if (output < 0 || e.output == output) out.push_back(e.function);
    return out;
  }
  std::shared_ptr<Tensor> retained_by(std::uint32_t output);
  void remove(std::uint64_t id);
  // The Python objects that the hooks hold.
  TENON_API std::vector<void*> python_objects();
  TENON_API void clear();
};

namespace hooks {

// Whether a leaf may have hooks: one has been given some, in this process.
bool any_on_leaves();
// t's gradient after its hooks.
Tensor run_tensor_hooks(Node& n, std::uint32_t output, Tensor g);
void retain(Node& n, std::uint32_t output, std::shared_ptr<Tensor> where);
void stop_retaining(Node& n, std::uint32_t output);

}  // namespace hooks
}  // namespace tenon
