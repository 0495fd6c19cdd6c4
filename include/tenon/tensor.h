// A strided view of a storage: tenon's one array type.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tenon/dims.h"
#include "tenon/dtype.h"
#include "tenon/error.h"
#include "tenon/scalar.h"
#include "tenon/storage.h"

namespace tenon {

class Node;
struct AutogradMeta;
class Tensor;

struct TensorImpl {
  Ref<Storage> storage;
  char* data = nullptr;  // the first element: storage->data() plus the offset
  Dims shape;
  Dims strides;  // in elements, signed
  std::int64_t numel = 0;
  DType dtype = DType::float32;
  bool read_only = false;
  bool contiguous = false;          // row-major without gaps
  Device device;
  std::atomic<std::uint32_t> history{0};       // counts in-place operations that replaced this tensor's node
  std::atomic<std::uint32_t> base_history{0};  // the base's count when this view's node was made
  std::atomic<int> refs{1};
  std::atomic<int> users{0};        // computations that must not see the geometry change: core/in_use.h
  std::atomic<AutogradMeta*> grad_meta{nullptr};  // made once, by whichever thread is first
  TensorImpl* base = nullptr;       // the tensor that this one is a view of, never itself a view
  void* wrapper = nullptr;          // the Python object that stands for this tensor, while there is one

  AutogradMeta* meta() const { return grad_meta.load(std::memory_order_acquire); }
  void retain() { refs.fetch_add(1, std::memory_order_relaxed); }
  TENON_API void release();
};

// A handle: copies of it are the same tensor. Made by default it is undefined, and only defined(), impl() and is_same()
// may be asked.
class TENON_API Tensor {
 public:
  Tensor() = default;
  explicit Tensor(Ref<TensorImpl> impl) : p_(std::move(impl)) {}
  // A 0-d tensor of this value, by default in the scalar's default dtype. What the dtype does not hold is converted
  // without an error: integers wrap around, fractions and imaginary parts are dropped.
  static Tensor of(const Scalar& value, std::optional<DType> dtype = {}, Device device = kCpu);

  bool defined() const { return static_cast<bool>(p_); }
  TensorImpl* impl() const { return p_.get(); }

  const Dims& shape() const { return p_->shape; }
  const Dims& strides() const { return p_->strides; }
  std::int64_t size(int dim) const;  // -1 is the last; IndexError out of range
  int ndim() const { return p_->shape.size(); }
  std::int64_t numel() const { return p_->numel; }
  DType dtype() const { return p_->dtype; }
  Device device() const { return p_->device; }
  std::int64_t itemsize() const { return static_cast<std::int64_t>(tenon::itemsize(p_->dtype)); }
  std::int64_t nbytes() const { return numel() * itemsize(); }
  Storage& storage() const { return *p_->storage; }
  std::int64_t storage_offset() const { return (p_->data - static_cast<char*>(p_->storage->data())) / itemsize(); }
  bool read_only() const { return p_->read_only; }
  bool is_contiguous() const { return p_->contiguous; }

  // The first element; that T is the dtype's type is not checked. On a device the address is the device's.
  char* data() const { return p_->data; }
  template <class T>
  T* data() const {
    return reinterpret_cast<T*>(p_->data);
  }
  // The value of a tensor of one element, read to the host. Throws ValueError for any other number of elements.
  Scalar item() const;
  template <class T>
  T item() const {
    return item().to<T>();
  }

  // Whether both are views of one storage.
  bool shares_storage(const Tensor& o) const { return p_->storage == o.p_->storage; }
  bool is_same(const Tensor& o) const { return p_ == o.p_; }

  // ---- gradients (autograd.h) ----
  // Whether it was asked for, or a recorded operation made it.
  bool requires_grad() const;
  // Throws GradError for integers and bools, and where the result of an operation is to stop.
  Tensor& set_requires_grad(bool on);
  // Whether no recorded operation made it.
  bool is_leaf() const;
  Tensor grad() const;  // what backward() added up: no copy; undefined if there is none
  // An undefined tensor clears it. Throws ShapeError unless g has this shape.
  void set_grad(Tensor g);
  // Makes backward keep the gradient of a tensor that is no leaf, too. Throws GradError if it requires no grad.
  void retain_grad();
  bool retains_grad() const;
  // The same bytes, read-only or not as these, without the history.
  Tensor detach() const;
  // autograd::backward() of this tensor.
  void backward(const Tensor& gradient = {}, bool retain_graph = false, bool create_graph = false) const;

  // ---- the most used operations; all others are free functions in ops.h ----
  Tensor reshape(const Dims& shape) const;
  Tensor permute(const Dims& axes) const;
  Tensor contiguous() const;
  Tensor clone() const;
  Tensor to(DType dtype) const;
  Tensor to(Device device) const;
  Tensor sum() const;
  Tensor operator[](std::int64_t index) const;  // select(*this, 0, index)

 private:
  Ref<TensorImpl> p_;
};

// ---- making tensors over storages; ops/creation.cc builds on these ----
// Row-major without gaps, in elements; sizes of 0 count as 1.
TENON_API Dims contiguous_strides(std::span<const std::int64_t> shape);
// A row-major tensor whose elements are unset. Throws ShapeError for a negative size or more than kMaxDims dimensions,
// ValueError for more bytes than can be addressed, std::bad_alloc, on a device DeviceError.
TENON_API Tensor empty(const Dims& shape, DType dtype, Device device = kCpu);
// The same for an operation that errors are to name.
TENON_API Tensor make_empty(std::string_view op, const Dims& shape, DType dtype, Device device);
// The strides of dimensions of one element and of empty tensors mean nothing. Those that are far from all memory become
// small, since they overflow where they are multiplied.
TENON_API void tame_far_strides(const Dims& shape, Dims& strides);
inline void tame_strides(const Dims& shape, Dims& strides) {
  constexpr std::int64_t kFar = std::int64_t{1} << 48;
  bool far = false;
  for (const auto s : strides) far |= s > kFar || s < -kFar;
  if (far) tame_far_strides(shape, strides);
}
// The bytes that a geometry reaches, relative to its first element: [low, high). Both are 0 if it has no elements;
// nothing if they are more than can be addressed.
struct ByteRange {
  std::int64_t low = 0, high = 0;
};
TENON_API std::optional<ByteRange> byte_range(const Dims& shape, const Dims& strides, DType dtype);
// A view of a storage whose bytes are known to hold the geometry (byte_range).
TENON_API Tensor tensor_at(Ref<Storage> storage, std::int64_t byte_offset, Dims shape, Dims strides, DType dtype,
                           bool read_only);
// A view of a storage with any geometry; writes to it throw ReadOnlyError if it is read_only. Throws ValueError if it
// reaches outside the storage's bytes or lacks a stride, ShapeError for negative sizes and too many dimensions.
TENON_API Tensor make_tensor(Ref<Storage> storage, std::int64_t byte_offset, const Dims& shape, const Dims& strides,
                             DType dtype, bool read_only);
// Another geometry over t's bytes, which are not checked to hold it, sharing its read-only bit; records no gradient.
// Throws ShapeError for too many dimensions.
TENON_API Tensor alias(const Tensor& t, std::int64_t element_offset, const Dims& shape, const Dims& strides);

// A row-major tensor over memory of the caller's, without a copy: from_blob(p, {2, 3}, dtype_of<float>). That p holds
// the elements and is aligned for them is not checked. deleter(context), if given, runs once: when the last tensor over
// the bytes is gone, or before from_blob throws, which is ShapeError for a negative size or too many dimensions and
// ValueError for more bytes than can be addressed. Only after std::bad_alloc it may not have run.
TENON_API Tensor from_blob(void* data, const Dims& shape, DType dtype, Deleter deleter = nullptr,
                           void* context = nullptr, bool read_only = false);

}  // namespace tenon
