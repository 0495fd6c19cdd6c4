// Views and writes in place: how a write changes the history of a tensor, of its base and of their views.
#include "autograd/mutexes.h"
#include "autograd/tape.h"
#include "core/errors.h"
#include "core/in_use.h"
#include "plan/loop.h"
#include "tenon/autograd.h"
#include "tenon/ops.h"

namespace tenon {
namespace {

constexpr std::int64_t kInterruptible = 1 << 20;

// The view of a base that starts `bytes` after it. The view may be one of parts of complex numbers, or of pairs as
// complex numbers, which may begin with any of the base's.
Tensor window(const Tensor& base, DType dtype, const Dims& shape, const Dims& strides, std::int64_t bytes) {
  if (is_complex(dtype) == is_complex(base.dtype()) && bytes % base.itemsize() == 0)
    return as_strided(base, shape, strides, bytes / base.itemsize());
  const Tensor parts = is_complex(base.dtype()) ? view_as_real(base) : base;
  const std::int64_t offset = bytes / parts.itemsize();
  if (!is_complex(dtype)) return as_strided(parts, shape, strides, offset);
  Dims pair_shape = shape, pair_strides = strides;
  for (auto& s : pair_strides) s *= 2;
  pair_shape.push_back(2);
  pair_strides.push_back(1);
  return view_as_complex(as_strided(parts, pair_shape, pair_strides, offset));
}

// base with the elements of one of its views replaced: the history of a base after its view was written.
class ReplaceSlice final : public Node {
 public:
  ReplaceSlice(const char* op, const Tensor& base, const Tensor& view)
      : Node(op),
        dtype_(view.dtype()),
        base_shape_(base.shape()),
        base_strides_(base.strides()),
        shape_(view.shape()),
        strides_(view.strides()),
        bytes_(view.data() - base.data()) {}

  Grads backward(std::span<const Tensor> gs) override {
    const Tensor& g = gs[0];
    // The gradient is laid out as the base is, so that the view's strides mean the same elements.
    Tensor like = empty_like_layout(g);
    copy_(like, g);
    Tensor view = window(like, dtype_, shape_, strides_, bytes_);
    Tensor to_view = clone(view);
    fill_(view, 0);
    return {like, to_view};
  }
  void free_saved() override {}

 private:
  Tensor empty_like_layout(const Tensor& g) const {
    const auto [low, high] = extent(base_shape_, base_strides_);
    const Tensor flat = empty({high - low + 1}, g.dtype(), g.device());
    return alias(flat, -low, base_shape_, base_strides_);
  }
  DType dtype_;
  Dims base_shape_, base_strides_, shape_, strides_;
  std::int64_t bytes_;
};

}  // namespace

bool outdated(const TensorImpl* view) {
  return view->base && view->base_history != view->base->history && view->base->storage == view->storage &&
         real_dtype(view->dtype) == real_dtype(view->base->dtype);
}

namespace autograd {

Edge history_of(const Tensor& t) {
  TensorImpl* p = t.impl();
  if (outdated(p)) {
    // The base was written in place: this view's history is now a slice of the base's.
    const Tensor base{Ref<TensorImpl>(p->base)};
    const std::uint32_t count = p->base->history;
    const bool was = grad_enabled();
    set_grad_enabled(true);
    const InUse used(base);
    const Tensor fresh = window(base, t.dtype(), t.shape(), t.strides(), t.data() - base.data());
    set_grad_enabled(was);
    set_history(t, fresh.impl()->meta() ? fresh.impl()->meta()->history() : Edge());
    p->base_history = count;  // at the end: until then, other threads do the same
  }
  const AutogradMeta* m = p->meta();
  return m ? m->history() : Edge();
}

void set_history(const Tensor& t, Edge history) {
  AutogradMeta& m = meta(t);
  const Edge old = m.set_history(history);
  const auto retained = m.retained();
  if (!retained) return;
  if (old) hooks::stop_retaining(*old.node, old.output);
  if (history) hooks::retain(*history.node, history.output, retained);
}

void check_leaf(const Tensor& t, const char* op) {
  if (!grad_enabled()) return;
  const TensorImpl* p = t.impl();
  const AutogradMeta *own = p->meta(), *base = p->base ? p->base->meta() : nullptr;
  if (own && own->requires_grad && !own->recorded()) errors::inplace_on_leaf(op, false);
  if (base && base->requires_grad && !base->recorded()) errors::inplace_on_leaf(op, true);
}

void check_sole(const Tensor& t, const char* op) {
  const AutogradMeta* m = t.impl()->meta();
  if (m && m->accumulate() && t.impl()->refs.load(std::memory_order_acquire) > 1) errors::in_use(op);
}

void check_inplace(const Tensor& t, const char* op, bool grad_flows_in) {
  if (t.read_only()) errors::read_only(op);
  if (!t.is_contiguous() && overlaps_itself(t.shape(), t.strides()))
    errors::overlapping_output(op, t.shape(), t.strides());
  // Long writes can be interrupted: then they have happened in part.
  if (t.numel() > kInterruptible) t.storage().bump_version(op);
  if (!grad_enabled()) return;
  check_leaf(t, op);
  if (!t.impl()->base) return;
  const Tensor base{Ref<TensorImpl>(t.impl()->base)};
  if (real_dtype(base.dtype()) != real_dtype(t.dtype())) {
    if (grad_flows_in || base.requires_grad())
      errors::fail<GradError>(op, "a gradient cannot flow through a view of ", base.dtype(), " elements as ", t.dtype(),
                              "; use .detach() or no_grad()");
  } else if (!t.requires_grad() && base.requires_grad()) {
    errors::fail<GradError>(op,
                            "the tensor is a view, taken under no_grad(), of one that requires grad; write under "
                            "no_grad(), or take the view outside it");
  }
}

void after_inplace(const Tensor& t, const char* op, Edge history) {
  if (t.numel() > 0) t.storage().bump_version(op);
  if (!history) return;
  TensorImpl* p = t.impl();
  if (!p->base || p->base->storage != p->storage) {  // set_data() gave the base other memory
    set_history(t, std::move(history));
    ++p->history;
    return;
  }
  const Tensor base{Ref<TensorImpl>(p->base)};
  {
    const InUse used(base);
    auto replaced = Ref<Node>::adopt(new ReplaceSlice(op, base, t));
    replaced->set_output(0, OutputInfo(base));
    if (anomaly::on()) anomaly::record(*replaced, {&base, 1});
    // Writes to several views follow each other in the history, too.
    const std::lock_guard lock(mutex_of<struct Histories, ForkLevel::history>(base.impl()));
    replaced->connect({edge_of(base), std::move(history)});
    set_history(base, std::move(replaced));
    ++p->base->history;  // t becomes a slice of the new base when it is used
  }
  if (t.retains_grad()) (void)history_of(t);
}

void detach_(const Tensor& t) {
  TensorImpl* p = t.impl();
  if (p->base)
    errors::fail<GradError>("detach_", "a view cannot leave the history of its base; use .detach(), or detach_() of ",
                            "the base");
  if (!p->meta()) return;
  AutogradMeta& m = *p->meta();
  const Edge old = m.set_history({});
  if (const auto retained = m.set_retained(nullptr)) {
    if (old) hooks::stop_retaining(*old.node, old.output);
    Tensor g;
    {
      std::lock_guard lock(gradient_mutex(*retained));
      g = *retained;
    }
    std::lock_guard lock(gradient_mutex(m.grad));
    std::swap(m.grad, g);
  }
  m.requires_grad = false;
}

}  // namespace autograd
}  // namespace tenon
