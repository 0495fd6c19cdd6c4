#include "keywords.h"

namespace tenon::py {
namespace {

// op: the operations that it holds for, with and without a final underscore; all that begin so where it ends in *.
struct OtherName {
  std::string_view argument;
  const char* alias;
  std::string_view op = "*";
};
constexpr OtherName kOtherNames[] = {
    {"dim", "axis"},
    {"dims", "axis"},
    {"dims", "axes"},
    {"dims", "reps"},
    {"keepdim", "keepdims"},
    {"input", "x"},
    {"input", "a"},
    {"elements", "element"},
    {"correction", "ddof"},
    {"size", "shape"},
    {"shape", "size"},
    {"diagonal", "k"},
    {"k", "diagonal"},
    {"other", "y"},
    {"shifts", "shift"},
    {"min", "a_min"},
    {"max", "a_max"},
    {"tensors", "arrays"},
    {"end", "stop"},
    {"steps", "num"},
    {"index", "indices"},
    {"n", "N"},
    {"m", "M"},
    {"input", "tensor"},
    {"tensor", "other"},
    {"exponent", "other"},
    {"exponent", "y"},
    {"dim0", "axis0"},
    {"dim1", "axis1"},
    {"dim2", "axis2"},
    {"axis0", "axis2"},  // NumPy's pair of two that are swapped
    {"split_size_or_sections", "split_size"},
    {"source", "src"},
    {"value", "fill_value"},
    {"source", "other", "copy"},
    {"device", "other", "to"},
    {"other", "values", "heaviside"},
    {"test_elements", "test_element", "isin"},
    {"n", "num", "set_num_threads"},
    {"stream", "s", "record_stream"},
    {"requires_grad", "mode", "requires_grad"},
    {"indices_or_sections", "sections", "tensor_split"},
    {"indices_or_sections", "indices", "tensor_split"},
    {"indices_or_sections", "tensor_indices_or_sections", "tensor_split"},
    {"indices_or_sections", "sections", "hsplit"},
    {"indices_or_sections", "indices", "hsplit"},
    {"indices_or_sections", "sections", "vsplit"},
    {"indices_or_sections", "indices", "vsplit"},
    {"indices_or_sections", "sections", "dsplit"},
    {"indices_or_sections", "indices", "dsplit"},
    {"other", "the_template", "resize_as"},
    {"low", "from", "random"},
    {"low", "from_", "random"},
    {"high", "to", "random"},
    {"low", "from", "uniform"},
    {"low", "from_", "uniform"},
    {"high", "to", "uniform"},
    {"other", "scalar", "_foreach_*"},
    {"other", "scalars", "_foreach_*"},
    {"value", "scalars", "_foreach_*"},
    {"end", "tensors1", "_foreach_*"},
    {"weight", "weights", "_foreach_*"},
};

struct WayOut {
  std::string_view keyword;
  std::string_view text;
  std::string_view op = "*";
};
constexpr std::string_view kOwnPut = "put() is NumPy's, which writes into the tensor; PyTorch's is index_put()";
constexpr std::string_view kOwnPad =
    "pad() is NumPy's: pad_width= has a pair for each dimension, from the first on, and the value is constant_values=";
constexpr std::string_view kByPosition = "give the operands by position";
constexpr std::string_view kLeaveOut = "leave it out";
constexpr std::string_view kPacked = "packed rows are input, beside batch_sizes=";
constexpr WayOut kWaysOut[] = {
    {"layout", "tensors are strided: leave it out"},
    {"pin_memory", "call .pin_memory() on the result"},
    {"names", "dimensions have no names: leave it out"},
    {"out_dtype", "convert the operands, or the result, with .to(dtype)"},
    {"inplace", "write x.copy_() of the result, or the method whose name ends in _"},
    {"signature", "say what the operands are converted to with dtype="},
    {"_stacklevel", kLeaveOut},
    {"implicit", kLeaveOut, "expand"},
    {"requires_grad", "integers have no gradient: leave it out", "tril_indices"},
    {"requires_grad", "integers have no gradient: leave it out", "triu_indices"},
    {"device", kLeaveOut, "is_pinned"},
    {"device", kLeaveOut, "pin_memory"},
    {"memory_format", kLeaveOut, "resize_as"},
    {"non_blocking", "use .to(dtype=, non_blocking=)", "type"},
    {"index", kOwnPut, "put"},
    {"source", kOwnPut, "put"},
    {"accumulate", kOwnPut, "put"},
    {"pad", kOwnPad, "pad"},
    {"value", kOwnPad, "pad"},
    {"tensor", kByPosition, "result_type"},
    {"other", kByPosition, "result_type"},
    {"scalar", kByPosition, "result_type"},
    {"scalar1", kByPosition, "result_type"},
    {"scalar2", kByPosition, "result_type"},
    {"data", kPacked, "lstm"},
    {"data", kPacked, "gru"},
    {"data", kPacked, "rnn_*"},
};

bool holds_for(std::string_view rule, std::string_view op) {
  if (rule.ends_with('*')) return op.starts_with(rule.substr(0, rule.size() - 1));
  return op == rule || (op.ends_with('_') && op.substr(0, op.size() - 1) == rule);
}

}  // namespace

std::vector<const char*> other_names(std::string_view op, std::string_view argument) {
  std::vector<const char*> names;
  for (const OtherName& n : kOtherNames)
    if (n.argument == argument && holds_for(n.op, op)) names.push_back(n.alias);
  return names;
}

std::string_view way_out(std::string_view op, std::string_view keyword) {
  for (const WayOut& w : kWaysOut)
    if (w.keyword == keyword && holds_for(w.op, op)) return w.text;
  return {};
}

}  // namespace tenon::py
