// Rows: what is combined at indices, and tensors with a part replaced.
#include "in_place.h"
#include "op.h"
#include "tenon/ops.h"

namespace tenon::py {
namespace {

Tensor scatter_reduced(const Tensor& t, std::int64_t dim, const Tensor& index, const Tensor& src,
                       const std::string& reduce, bool include_self) {
  return scatter_reduce(t, dim, index, src, combine(reduce), include_self);
}
Tensor index_reduced(const Tensor& t, std::int64_t dim, const Tensor& index, const Tensor& source,
                     const std::string& reduce, bool include_self) {
  if (reduce == "sum") errors::fail("index_reduce", "sums are index_add()'s");
  return index_reduce(t, dim, index, source, combine(reduce), include_self);
}

// PyTorch's put: at indices of the flat tensor.
Tensor& put_flat_(Tensor& t, const Tensor& index, const Tensor& source, bool accumulate) {
  if (index.numel() != source.numel())
    errors::fail<ShapeError>("put_", "source must have an element for each index, ", index.numel(), "; got ",
                             source.numel());
  if (t.is_contiguous()) {
    Tensor line = view(t, {-1});
    const Index at[] = {reshape(index, {-1})};
    index_put_(line, at, reshape(source, {-1}), accumulate);
    return t;
  }
  std::vector<Index> at;
  for (const Tensor& place : unravel_index(reshape(index, {-1}), t.shape())) at.emplace_back(place);
  index_put_(t, at, reshape(source, {-1}), accumulate);
  return t;
}

constexpr const char* kCombined =
    "reduce: 'sum', 'prod', 'mean', 'amax' or 'amin'. include_self: False leaves input's own elements out where an\n"
    "index names them; elements that no index names stay. Integer means are rounded down. Equal extrema share the\n"
    "gradient. ";
constexpr const char* kCombinedErrors =
    "IndexError for an index or a dimension that is not there, ValueError for another reduce and for shapes that do\n"
    "not fit, TypeError for an index that is no integer tensor, for a src of a higher kind, and for extrema of complex\n"
    "numbers.";

std::string combined_doc(const char* first, const char* what, const char* example) {
  return std::string(first) + "\n\n" + kCombined + what + kCombinedErrors + "\n\n" + example;
}

constexpr const char* kReplacedErrors =
    "IndexError for a dimension that is not there, ValueError for a src of another shape than that part.\n\n";

}  // namespace

void def_combined(Ops& ops) {
  ops.def("scatter_reduce", &scatter_reduced,
          combined_doc("A copy with out[index[i][j]][j] combined of all src[i][j] for dim 0, and so for others.",
                       "src: a tensor of at least the index's sizes. A new tensor. ",
                       ">>> t, index = tenon.tensor([1, 2]), tenon.tensor([0, 0, 1])\n"
                       ">>> tenon.scatter_reduce(t, 0, index, tenon.tensor([5, 7, 1]), 'amax')\n"
                       "tensor([7, 2])")
              .c_str(),
          "input"_a, "dim"_a, "index"_a, "src"_a, "reduce"_a, kw_only, "include_self"_a = true);
  ops.def("scatter_reduce_",
          &in_place<&scatter_reduced, std::int64_t, const Tensor&, const Tensor&, const std::string&, bool>,
          combined_doc("Combines input[index[i][j]][j] with all src[i][j] for dim 0, and so for others, in place.",
                       "src: a tensor of at least the index's sizes. RuntimeError for a leaf that requires grad and\n"
                       "for elements that share memory, ValueError for read-only memory. ",
                       ">>> t, index = tenon.tensor([1, 2]), tenon.tensor([0, 0, 1])\n"
                       ">>> t.scatter_reduce_(0, index, tenon.tensor([5, 7, 1]), 'sum')\n"
                       "tensor([13,  3])")
              .c_str(),
          "input"_a, "dim"_a, "index"_a, "src"_a, "reduce"_a, kw_only, "include_self"_a = true)
      .method_only();
  ops.def(
      "index_reduce", &index_reduced,
      combined_doc("A copy with the entry out[index[i]] along dim combined of all entries source[i].",
                   "index: 1-D. source: of input's shape, but for dim the number of indices. A new tensor. Sums are\n"
                   "those of index_add. ",
                   ">>> t, index = tenon.tensor([1, 2]), tenon.tensor([0, 0, 1])\n"
                   ">>> tenon.index_reduce(t, 0, index, tenon.tensor([5, 7, 1]), 'prod')\n"
                   "tensor([35,  2])")
          .c_str(),
      "input"_a, "dim"_a, "index"_a, "source"_a, "reduce"_a, kw_only, "include_self"_a = true);
  ops.def("index_reduce_",
          &in_place<&index_reduced, std::int64_t, const Tensor&, const Tensor&, const std::string&, bool>,
          combined_doc("Combines the entry input[index[i]] along dim with all entries source[i], in place.",
                       "index: 1-D. source: of input's shape, but for dim the number of indices. RuntimeError for a\n"
                       "leaf that requires grad and for elements that share memory, ValueError for read-only memory. ",
                       ">>> t, index = tenon.tensor([1, 2]), tenon.tensor([0, 0, 1])\n"
                       ">>> t.index_reduce_(0, index, tenon.tensor([5, 7, 1]), 'amin')\n"
                       "tensor([1, 1])")
              .c_str(),
          "input"_a, "dim"_a, "index"_a, "source"_a, "reduce"_a, kw_only, "include_self"_a = true)
      .method_only();
  ops.def("masked_scatter", &masked_scatter,
          "The tensor with the elements of source, in row-major order, where mask is true. A copy.\n\n"
          "mask: a bool tensor; input and it broadcast. source: of input's dtype, with at least as many elements as\n"
          "the mask is true. TypeError for another mask and dtype, ValueError for too few elements and for shapes\n"
          "that do not broadcast.\n\n"
          ">>> mask = tenon.tensor([True, False, True])\n"
          ">>> tenon.masked_scatter(tenon.zeros(3), mask, tenon.tensor([7.0, 8.0]))\n"
          "tensor([7., 0., 8.])",
          "input"_a, "mask"_a, "source"_a);
  ops.def("masked_scatter_", &in_place<&masked_scatter, const Tensor&, const Tensor&>,
          "Writes the elements of source, in row-major order, where mask is true; returns the tensor.\n\n"
          "mask: a bool tensor that broadcasts to input. source: of input's dtype, with at least as many elements as\n"
          "the mask is true. TypeError for another mask and dtype, ValueError for too few elements, for shapes that\n"
          "do not broadcast and for read-only memory; RuntimeError for a leaf that requires grad and for elements\n"
          "that share memory.\n\n"
          ">>> tenon.zeros(3).masked_scatter_(tenon.tensor([True, False, True]), tenon.tensor([7.0, 8.0]))\n"
          "tensor([7., 0., 8.])",
          "input"_a, "mask"_a, "source"_a)
      .method_only();
  ops.def("put_", &put_flat_,
          "Writes source to indices of the flat tensor, or adds it, in place; returns the tensor.\n\n"
          "index: integers. source: an element for each. accumulate: True adds, and equal indices add up; NumPy's\n"
          "method is put(). IndexError for an index that is not there, TypeError for indices that are no integers,\n"
          "ValueError for another number of elements and for read-only memory, RuntimeError for a leaf that requires\n"
          "grad and for elements that share memory.\n\n"
          ">>> tenon.zeros(3).put_(tenon.tensor([0, 0]), tenon.tensor([5.0, 7.0]), accumulate=True)\n"
          "tensor([12.,  0.,  0.])",
          "input"_a, "index"_a, "source"_a, "accumulate"_a = false)
      .method_only();
  ops.def("select_scatter", &select_scatter,
          (std::string("A copy in which the entry at an index along dim is src.\n\n"
                       "src: of the shape that select(dim, index) has. ") +
           kReplacedErrors +
           ">>> tenon.select_scatter(tenon.zeros(2, 2), tenon.ones(2), 0, 1)\n"
           "tensor([[0., 0.],\n"
           "        [1., 1.]])")
              .c_str(),
          "input"_a, "src"_a, "dim"_a, "index"_a);
  ops.def("slice_scatter", &slice_scatter,
          (std::string("A copy in which [start:end:step] along dim is src.\n\n"
                       "src: of that slice's shape. start, end, step: ints, as in a slice. ") +
           kReplacedErrors +
           ">>> tenon.slice_scatter(tenon.zeros(4), tenon.ones(2), 0, 1, 3)\n"
           "tensor([0., 1., 1., 0.])")
              .c_str(),
          "input"_a, "src"_a, "dim"_a = 0, "start"_a = none, "end"_a = none, "step"_a = 1);
  ops.def("diagonal_scatter", &diagonal_scatter,
          (std::string("A copy in which a diagonal is src.\n\n"
                       "src: of the shape that diagonal(offset, dim1, dim2) has. offset: which diagonal. dim1, dim2:\n"
                       "ints, the dimensions of the matrices. ") +
           kReplacedErrors +
           ">>> tenon.diagonal_scatter(tenon.zeros(2, 2), tenon.ones(2))\n"
           "tensor([[1., 0.],\n"
           "        [0., 1.]])")
              .c_str(),
          "input"_a, "src"_a, "offset"_a = 0, "dim1"_a = 0, "dim2"_a = 1);
  ops.def("as_strided_scatter", &as_strided_scatter,
          "A copy in which what as_strided() sees is src.\n\n"
          "src: of shape size. size, stride: ints. storage_offset: elements from the first one on. ValueError for a\n"
          "part outside the memory and for a src of another shape, RuntimeError for elements that share memory.\n\n"
          ">>> tenon.as_strided_scatter(tenon.zeros(4), tenon.ones(2), (2,), (2,))\n"
          "tensor([1., 0., 1., 0.])",
          "input"_a, "src"_a, "size"_a, "stride"_a, "storage_offset"_a = 0);
}

}  // namespace tenon::py
