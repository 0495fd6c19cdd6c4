// Views and writes in place: how a write changes the history of a tensor, of its base and of their views.
#include "autograd/tape.h"
#include "core/errors.h"
#include "plan/loop.h"
#include "tenon/autograd.h"
#include "tenon/ops.h"

namespace tenon {
namespace {

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
  return view->base && view->base_history != view->base->history &&
         real_dtype(view->dtype) == real_dtype(view->base->dtype);
}

namespace autograd {

Edge history_of(const Tensor& t) {
  TensorImpl* p = t.impl();
  if (outdated(p)) {
    // The base was written in place: this view's history is now a slice of the base's.
    const Tensor base{Ref<TensorImpl>(p->base)};
    p->base_history = p->base->history;
    const bool was = grad_enabled();
    set_grad_enabled(true);
    const Tensor fresh = window(base, t.dtype(), t.shape(), t.strides(), t.data() - base.data());
    set_grad_enabled(was);
    set_history(t, fresh.impl()->grad_meta ? fresh.impl()->grad_meta->history : Edge());
  }
  return p->grad_meta ? p->grad_meta->history : Edge();
}

void set_history(const Tensor& t, Edge history) {
  AutogradMeta& m = meta(t);
  if (m.retained) {
    if (m.history) hooks::stop_retaining(*m.history.node, m.history.output);
    if (history) hooks::retain(*history.node, history.output, m.retained);
  }
  m.history = std::move(history);
}

void check_leaf(const Tensor& t, const char* op) {
  if (!grad_enabled()) return;
  const TensorImpl* p = t.impl();
  if (p->grad_meta && p->grad_meta->requires_grad && !p->grad_meta->history) errors::inplace_on_leaf(op, false);
  const AutogradMeta* base = p->base ? p->base->grad_meta : nullptr;
  if (base && base->requires_grad && !base->history) errors::inplace_on_leaf(op, true);
}

void check_inplace(const Tensor& t, const char* op, bool grad_flows_in) {
  if (t.read_only()) errors::read_only(op);
  if (!t.is_contiguous() && overlaps_itself(t.shape(), t.strides()))
    errors::overlapping_output(op, t.shape(), t.strides());
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
  if (!p->base) {
    set_history(t, std::move(history));
    ++p->history;
    return;
  }
  const Tensor base{Ref<TensorImpl>(p->base)};
  auto replaced = Ref<Node>::adopt(new ReplaceSlice(op, base, t));
  replaced->set_output(0, OutputInfo(base));
  replaced->connect({edge_of(base), std::move(history)});
  set_history(base, std::move(replaced));
  ++p->base->history;  // t becomes a slice of the new base when it is used
  if (t.retains_grad()) (void)history_of(t);
}

void detach_(const Tensor& t) {
  TensorImpl* p = t.impl();
  if (p->base)
    errors::fail<GradError>("detach_", "a view cannot leave the history of its base; use .detach(), or detach_() of ",
                            "the base");
  if (!p->grad_meta) return;
  AutogradMeta& m = *p->grad_meta;
  if (m.history && m.retained) hooks::stop_retaining(*m.history.node, m.history.output);
  if (m.retained) m.grad = *std::exchange(m.retained, nullptr);
  m.history = {};
  m.requires_grad = false;
}

}  // namespace autograd
}  // namespace tenon
