// Rows: convolutions over one, two and three dimensions, and transposed ones.
#include "core/errors.h"
#include "op.h"
#include "tenon/nn/convolution.h"

namespace tenon::py {

// Ints, or how many elements are to be added: "valid" for none, "same" for as many as keep the size.
struct Padding {
  Dims each{0};
  bool same = false;
};
inline int hold(const Padding&) { return 0; }
template <>
struct From<Padding> {
  Padding value;
  From(PyObject* o, const Where& w) {
    if (!PyUnicode_Check(o)) {
      value.each = to_dims(o, w);
      return;
    }
    const std::string name = utf8(o);
    value.same = name == "same";
    if (!value.same && name != "valid") errors::fail(w.op, "padding is ints, 'valid' or 'same'; got '", name, "'");
  }
  const Padding& get() const { return value; }
};
template <>
constexpr TypeText detail::TypeName<Padding>::get() {
  return {"Ints | _str"};
}

namespace {

using MaybeTensor = std::optional<Tensor>;

template <int Dimensions>
Tensor conv(const Tensor& input, const Tensor& weight, const MaybeTensor& bias, const Dims& stride,
            const Padding& padding, const Dims& dilation, std::int64_t groups) {
  return nn::convolution(Dimensions, input, weight, bias.value_or(Tensor()),
                         {stride, padding.each, dilation, {0}, groups, padding.same});
}
template <int Dimensions>
Tensor conv_transpose(const Tensor& input, const Tensor& weight, const MaybeTensor& bias, const Dims& stride,
                      const Dims& padding, const Dims& output_padding, std::int64_t groups, const Dims& dilation) {
  return nn::convolution_transpose(Dimensions, input, weight, bias.value_or(Tensor()),
                                   {stride, padding, dilation, output_padding, groups});
}

constexpr const char* kSizes[] = {"L", "H, W", "D, H, W"};
constexpr const char* kOver[] = {"the last dimension", "the last two dimensions", "the last three dimensions"};

const char* kept(const std::string& text) { return (new std::string(text))->c_str(); }

// What is said of both kinds.
std::string common(const char* stride, const char* padding) {
  return std::string("bias: of shape (O,), added to each channel; None for none. stride: ") + stride +
         ". padding: " + padding +
         ". dilation: how far the kernel's elements are from each other. groups: so many groups of channels see only each\n"
         "other; it divides C and O. stride, padding and dilation: an int, or one for each dimension.\n\n"
         "A new tensor of the dtype that input and weight promote to; float16 and bfloat16 are summed in float32 and\n"
         "rounded once. From 64 channels on, sums of 3 x 3 taps in float32 may be formed by Winograd's F(2 x 2, 3 x 3): an\n"
         "output is within (C + 10) * 2^-24 * 64 * C * max|input| * max|weight| of the exact one, C channels being summed;\n"
         "float64 has plain sums. ValueError for shapes that do not fit and for options out of range, TypeError unless\n"
         "there is a real float among them.\n\n";
}

const char* conv_text(int n, const char* example) {
  const std::string sizes = kSizes[n - 1];
  return kept(std::string("The sums of weight * input under a kernel that moves over ") + kOver[n - 1] + ".\n\n" +
              "input: of shape (N, C, " + sizes + ") or (C, " + sizes +
              "). weight: of shape (O, C / groups, kernel...).\n" +
              common("how far the kernel moves from one result to the next",
                     "how many zeros stand on both sides; 'valid' for none, 'same' for as many as keep the size (with\n"
                     "stride=1; of an odd number one more stands behind)") +
              example);
}
const char* transpose_text(int n, const char* example) {
  const std::string sizes = kSizes[n - 1];
  return kept(std::string("The transposed convolution over ") + kOver[n - 1] +
              ": what a convolution does to its input's gradient.\n\n" + "input: of shape (N, C, " + sizes +
              ") or (C, " + sizes +
              "). weight: of shape (C, O / groups, kernel...). output_padding: how much longer the result is at its\n"
              "end; smaller than stride or dilation. " +
              common("how far apart the kernel's copies stand in the result",
                     "how many elements of the result are cut off on both sides") +
              example);
}

}  // namespace

void def_nn_convolution(Ops& ops) {
  const auto def = [&](const char* name, auto fn, const char* text) {
    ops.def(name, fn, text, "input"_a, "weight"_a, "bias"_a = none, "stride"_a = 1, "padding"_a = 0, "dilation"_a = 1,
            "groups"_a = 1)
        .autocast(Autocast::lower)
        .function_only()
        .nn();
  };
  const auto def_transpose = [&](const char* name, auto fn, const char* text) {
    ops.def(name, fn, text, "input"_a, "weight"_a, "bias"_a = none, "stride"_a = 1, "padding"_a = 0,
            "output_padding"_a = 0, "groups"_a = 1, "dilation"_a = 1)
        .autocast(Autocast::lower)
        .function_only()
        .nn();
  };
  def("conv1d", &conv<1>,
      conv_text(1,
                ">>> tenon.conv1d(tenon.tensor([[1., 2., 4., 8.]]), tenon.tensor([[[-1., 1.]]]))\n"
                "tensor([[1., 2., 4.]])"));
  def("conv2d", &conv<2>,
      conv_text(2,
                ">>> image = tenon.arange(9.).reshape(1, 3, 3)\n"
                ">>> tenon.conv2d(image, tenon.ones(1, 1, 2, 2))\n"
                "tensor([[[ 8., 12.],\n"
                "         [20., 24.]]])\n"
                ">>> tenon.conv2d(image, tenon.ones(1, 1, 3, 3), padding='same').shape\n"
                "(1, 3, 3)"));
  def("conv3d", &conv<3>,
      conv_text(3,
                ">>> tenon.conv3d(tenon.ones(1, 2, 4, 4, 4), tenon.ones(5, 2, 3, 3, 3), stride=2, padding=1).shape\n"
                "(1, 5, 2, 2, 2)"));
  def_transpose("conv_transpose1d", &conv_transpose<1>,
                transpose_text(1,
                               ">>> tenon.conv_transpose1d(tenon.tensor([[1., 2.]]), tenon.ones(1, 1, 2), stride=2)\n"
                               "tensor([[1., 1., 2., 2.]])"));
  def_transpose(
      "conv_transpose2d", &conv_transpose<2>,
      transpose_text(2,
                     ">>> tenon.conv_transpose2d(tenon.ones(1, 3, 4, 4), tenon.ones(3, 2, 2, 2), stride=2).shape\n"
                     "(1, 2, 8, 8)"));
  def_transpose("conv_transpose3d", &conv_transpose<3>,
                transpose_text(3,
                               ">>> tenon.conv_transpose3d(tenon.ones(3, 2, 2, 2), tenon.ones(3, 1, 2, 2, 2)).shape\n"
                               "(1, 3, 3, 3)"));
}

}  // namespace tenon::py
