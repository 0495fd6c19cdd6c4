// Rows: embeddings.
#include "nn.h"
#include "tenon/nn/embedding.h"

namespace tenon::py {
namespace {

using MaybeInt = const std::optional<std::int64_t>&;
using MaybeNumber = const std::optional<double>&;

nn::EmbeddingOptions options(const char* op, MaybeInt padding, MaybeNumber max_norm, double norm_type,
                             bool by_frequency, bool sparse) {
  if (sparse) errors::fail(op, "tenon has no sparse tensors; leave sparse=True out, gradients are dense");
  return {padding, max_norm, norm_type, by_frequency};
}

nn::BagMode mode_of(const std::string& name) {
  if (name == "sum") return nn::BagMode::sum;
  if (name == "mean") return nn::BagMode::mean;
  if (name != "max") errors::fail("embedding_bag", "mode is 'sum', 'mean' or 'max'; got '", name, "'");
  return nn::BagMode::max;
}

constexpr const char* kErrors =
    " TypeError for indices that are no integers,\nIndexError for one that is not there, ValueError for sparse=True, ";
constexpr const char* kTable =
    " weight: the table, (num_embeddings, embedding_dim).\nmax_norm: rows in use with a larger norm are scaled to it, in "
    "place; None for none. norm_type: the order of that\nnorm. scale_grad_by_freq: whether the gradient of a row is divided "
    "by how often it is used. sparse: only False.";

}  // namespace

void def_nn_embedding(Ops& ops) {
  ops.def(
         "embedding",
         +[](const Tensor& input, const Tensor& weight, MaybeInt padding, MaybeNumber max_norm, double norm_type,
             bool by_frequency, bool sparse) {
           return nn::embedding(input, weight,
                                options("embedding", padding, max_norm, norm_type, by_frequency, sparse));
         },
         text({"The rows of a table that input names.\n\nA new tensor (*input.shape, embedding_dim) in weight's dtype.",
               kErrors, "another\nshape of weight and a padding_idx that is not there.",
               "\n\ninput: indices from 0 to num_embeddings - 1, integers of any shape.", kTable,
               " padding_idx: an index\nwhose row gets no gradient; None for none."
               "\n\n>>> tenon.nn.functional.embedding(tenon.tensor([1, 0]), tenon.tensor([[0.0, 1.0], [2.0, 3.0]]))\n"
               "tensor([[2., 3.],\n"
               "        [0., 1.]])"}),
         "input"_a, "weight"_a, "padding_idx"_a = none, "max_norm"_a = none, "norm_type"_a = 2.0,
         "scale_grad_by_freq"_a = false, "sparse"_a = false)
      .no_out()
      .nn_only();
  ops.def(
         "embedding_bag",
         +[](const Tensor& input, const Tensor& weight, MaybeTensor offsets, MaybeNumber max_norm, double norm_type,
             bool by_frequency, const std::string& mode, bool sparse, MaybeTensor factors, bool with_last,
             MaybeInt padding) {
           return nn::embedding_bag(input, weight, given(offsets),
                                    {options("embedding_bag", padding, max_norm, norm_type, by_frequency, sparse),
                                     mode_of(mode), given(factors), with_last});
         },
         text(
             {"Sums, means or maxima of rows of a table, bag by bag; an empty bag gives zeros.\n\n"
              "A new tensor (bags, embedding_dim), in weight's dtype, which per_sample_weights may promote.",
              kErrors, "another mode,\noffsets that are not in order and shapes that do not fit.",
              "\n\ninput: indices, integers of shape (bags, length), or (n,) with offsets.", kTable,
              " offsets: where\neach bag begins in input, integers of shape (bags,); None for rows of input. mode: 'sum', "
              "'mean' or 'max'.\nper_sample_weights: a factor of each row, of input's shape, for mode 'sum'; None for 1. "
              "include_last_offset: whether\noffsets ends with the number of indices. padding_idx: an index that does not "
              "count in its bag and whose row gets no\ngradient; None for none."
              "\n\n>>> table = tenon.tensor([[0.0, 1.0], [2.0, 3.0]])\n"
              ">>> tenon.nn.functional.embedding_bag(tenon.tensor([0, 1, 1]), table, tenon.tensor([0, 2]), mode=\"sum\")\n"
              "tensor([[2., 4.],\n"
              "        [2., 3.]])"}),
         "input"_a, "weight"_a, "offsets"_a = none, "max_norm"_a = none, "norm_type"_a = 2.0,
         "scale_grad_by_freq"_a = false, "mode"_a = "mean", "sparse"_a = false, "per_sample_weights"_a = none,
         "include_last_offset"_a = false, "padding_idx"_a = none)
      .no_out()
      .nn_only();
}

}  // namespace tenon::py
