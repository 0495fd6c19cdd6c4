// What every view has in common: it knows its base, and records its gradient.
#pragma once

#include "tenon/autograd.h"

namespace tenon {

// Makes `view` a view of t (of t's base, if t is one itself).
void mark_view(const Tensor& t, const Tensor& view);

// Strides that show the elements in another shape without a copy; none if there are none.
TENON_API std::optional<Dims> view_strides(const Dims& shape, const Dims& strides, const Dims& to);

template <class F>
Tensor finish_view(const Tensor& t, Tensor view, const char* op, F&& derivative) {
  if (autograd::needs_grad(t)) autograd::attach(view, op, {&t, 1}, derivative());
  mark_view(t, view);
  return view;
}

// The same of several views of t, which are the outputs of one node.
template <class F>
std::vector<Tensor> finish_views(const Tensor& t, std::vector<Tensor> views, const char* op, F&& derivative) {
  if (!views.empty() && autograd::needs_grad(t)) autograd::attach(views, op, {&t, 1}, derivative());
  for (const Tensor& view : views) mark_view(t, view);
  return views;
}

}  // namespace tenon
