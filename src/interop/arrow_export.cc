#include <cstring>
#include <memory>
#include <new>
#include <string>

#include "core/errors.h"
#include "interop/arrow_format.h"
#include "tenon/arrow.h"
#include "tenon/ops.h"

namespace tenon::arrow {
namespace {

// What a struct's private_data owns. A child may be moved away by the consumer, so each level has its own.
struct SchemaNode {
  std::string format;
  ArrowSchema child{};
  ArrowSchema* children[1] = {&child};
};
struct ArrayNode {
  Tensor values;  // at the innermost level
  const void* buffers[2] = {nullptr, nullptr};
  ArrowArray child{};
  ArrowArray* children[1] = {&child};
};

void release_schema(ArrowSchema* s) {
  auto* node = static_cast<SchemaNode*>(s->private_data);
  if (node->child.release) node->child.release(&node->child);
  s->release = nullptr;
  delete node;
}
void release_array(ArrowArray* a) {
  auto* node = static_cast<ArrayNode*>(a->private_data);
  if (node->child.release) node->child.release(&node->child);
  if (node->values.defined()) node->values.storage().drop_export();
  a->release = nullptr;
  delete node;
}

// Releases what stands if a later level cannot be made.
template <class T>
struct Owned : T {
  Owned() : T{} {}
  ~Owned() {
    if (this->release) this->release(this);
  }
  void give_to(T* out) {
    *out = *this;
    this->release = nullptr;
  }
};

void make_schema(ArrowSchema* out, std::string format, Owned<ArrowSchema>* child) {
  auto* node = new SchemaNode;
  node->format = std::move(format);
  if (child) child->give_to(&node->child);
  *out = ArrowSchema{node->format.c_str(), "",  nullptr, 0, child ? 1 : 0, child ? node->children : nullptr, nullptr,
                     release_schema,       node};
}

ArrowArray* make_array(ArrowArray* out, std::int64_t length, const Tensor* values, Owned<ArrowArray>* child) {
  auto* node = new ArrayNode;
  if (values) {
    node->values = *values;
    node->values.storage().add_export();
    node->buffers[1] = values->data();
  }
  if (child) child->give_to(&node->child);
  *out = ArrowArray{
      length,        0,   0, values ? 2 : 1, child ? 1 : 0, node->buffers, child ? node->children : nullptr, nullptr,
      release_array, node};
  return out;
}

// Eight bools to a byte, the first in the lowest bit.
Tensor pack_bits(const Tensor& t) {
  Tensor out = empty({(t.numel() + 7) / 8}, DType::uint8);
  auto* bits = out.data<std::uint8_t>();
  std::memset(bits, 0, static_cast<std::size_t>(out.numel()));
  const auto* p = t.data<std::uint8_t>();  // any byte but 0 is true
  for (std::int64_t i = 0; i < t.numel(); ++i)
    bits[i / 8] = static_cast<std::uint8_t>(bits[i / 8] | ((p[i] != 0) << (i % 8)));
  return out;
}

}  // namespace

void export_array(const Tensor& t, ArrowSchema* schema, ArrowArray* array, bool allow_copy) {
  constexpr const char* op = "arrow";
  const char format = format_of(t.dtype());
  if (!format)
    errors::fail<DtypeError>(op, "Arrow has no type for ", t.dtype(),
                             is_complex(t.dtype()) ? "; lend view_as_real(x)" : "; convert with .float()");
  if (t.requires_grad())
    errors::fail<BufferError>(op,
                              "a tensor that requires grad cannot be lent: its gradient would be lost; use .detach()");
  if (!t.device().is_cpu()) errors::fail<BufferError>(op, "the tensor is on ", t.device(), "; use .cpu()");
  if (t.ndim() == 0) errors::fail<BufferError>(op, "a tensor without dimensions is no column; use .reshape(1)");
  for (int d = 1; d < t.ndim(); ++d) {
    if (t.shape()[d] > INT32_MAX)
      errors::fail<BufferError>(op, "a fixed-size list has at most 2147483647 items; got shape ", t.shape());
  }
  if (!allow_copy && is_bool(t.dtype()))
    errors::fail<BufferError>(op,
                              "Arrow packs bools into bits, which needs a copy; allow copies, or lend .view(uint8)");
  if (!allow_copy && !t.is_contiguous())
    errors::fail<BufferError>(op, "Arrow arrays are contiguous; shape ", t.shape(), " with strides ", t.strides(),
                              " needs a copy; allow copies, or use .contiguous()");

  Tensor values = t.contiguous();
  if (is_bool(t.dtype())) values = pack_bits(values);
  Owned<ArrowSchema> s;
  Owned<ArrowArray> a;
  make_schema(&s, std::string(1, format), nullptr);
  make_array(&a, t.numel(), &values, nullptr);
  // From the inside out; the lengths are those of the leading dimensions.
  for (int d = t.ndim() - 1; d > 0; --d) {
    Owned<ArrowSchema> outer_schema;
    Owned<ArrowArray> outer_array;
    std::int64_t length = 1;
    for (int i = 0; i < d; ++i) length *= t.shape()[i];
    make_schema(&outer_schema, "+w:" + std::to_string(t.shape()[d]), &s);
    make_array(&outer_array, length, nullptr, &a);
    outer_schema.give_to(&s);
    outer_array.give_to(&a);
  }
  s.give_to(schema);
  a.give_to(array);
}

}  // namespace tenon::arrow
