// The wording of every mistake, as users get it: through the public API, compared with
// tests/golden/errors.txt. TENON_UPDATE_GOLDEN=1 writes the file anew; the difference is then what to review.
#include "helpers.h"

#include <cstdlib>
#include <fstream>
#include <functional>
#include <sstream>

#include "core/in_use.h"
#include "tenon/io.h"

namespace {

using namespace tenon;
using test::counting;
using test::doubles;

Tensor leaf() {
  Tensor x = doubles({1, 2});
  x.set_requires_grad(true);
  return x;
}
double g_memory[4] = {1, 2, 3, 4};
Tensor lent(bool read_only = false) { return from_blob(g_memory, {4}, DType::float64, nullptr, nullptr, read_only); }
void in_place(Op op, Tensor t, const Operand& with) { elementwise_(op, t, {&with, 1}); }

struct Mistake {
  const char* function;  // of core/errors.h
  std::function<void()> make;
};

const Mistake kMistakes[] = {
    {"no_broadcast", [] { add(zeros({3, 4}), zeros({5})); }},
    {"cannot_expand", [] { expand(zeros({3}), {2, 4}); }},
    {"cannot_expand", [] { in_place(Op::add, zeros({3}), zeros({2, 3})); }},
    {"wrong_shape",
     [] {
       Tensor out = zeros({3});
       const Tensor two = zeros({2});
       const Operand in[] = {two, two};
       elementwise(Op::add, in, &out);
     }},
    {"wrong_shape",
     [] {
       Tensor x = leaf();
       x.set_grad(doubles({1}));
     }},
    {"bad_axis", [] { flip(zeros({2, 3}), Dims{2}); }},
    {"bad_axis", [] { flip(Tensor::of(1), Dims{1}); }},
    {"repeated_axis", [] { permute(zeros({2, 3}), {0, -2}); }},
    {"wrong_ndim", [] { mT(zeros({3})); }},
    {"bad_reshape", [] { reshape(zeros({2, 3}), {4, -1}); }},
    {"view_needs_copy", [] { view(T(zeros({2, 3})), {6}); }},
    {"negative_size", [] { zeros({2, -3}); }},
    {"too_many_dims", [] { zeros(Dims(65, 1)); }},
    {"empty_reduction", [] { amax(zeros({0, 3}), Dims{0}); }},
    {"matmul_mismatch", [] { matmul(zeros({2, 3}), zeros({4, 5})); }},
    {"too_large", [] { empty({std::int64_t{1} << 40, std::int64_t{1} << 40}, DType::float32); }},
    {"outside_storage", [] { as_strided(zeros({4}), {3}, {2}, 0); }},
    {"dtype_not_supported", [] { bitwise_and(zeros({2}), zeros({2})); }},
    {"dtype_not_supported", [] { add(zeros({2}, DType::float8_e5m2), 1); }},
    {"dtype_not_supported", [] { lt(zeros({2}, DType::complex64), 1); }},
    {"dtype_not_supported", [] { neg(zeros({2}, DType::bool_)); }},
    {"no_promotion", [] { add(zeros({2}, DType::float8_e5m2), zeros({2})); }},
    {"result_does_not_fit", [] { in_place(Op::div, zeros({2}, DType::int32), 2); }},
    {"scalar_out_of_bounds", [] { add(zeros({2}, DType::uint8), 256); }},
    {"scalar_out_of_bounds", [] { full({2}, std::uint64_t{1} << 63, DType::int64); }},
    {"scalar_out_of_bounds", [] { full({2}, 300.5, DType::uint8); }},
    {"scalar_out_of_bounds", [] { full({2}, std::nan(""), DType::int64); }},
    {"complex_to_real",
     [] {
       Tensor t = zeros({2});
       copy_(t, zeros({2}, DType::complex64));
     }},
    {"number_loses_kind",
     [] {
       const Tensor t = zeros({2}, DType::int64);
       masked_fill(t, eq(t, 0), 2.5);
     }},
    {"index_out_of_range", [] { zeros({2, 3})[-3]; }},
    {"too_many_indices", [] { Tensor::of(1)[0]; }},
    {"mask_mismatch",
     [] {
       const Index mask[] = {zeros({4}, DType::bool_)};
       index(zeros({3}), mask);
     }},
    {"mask_mismatch",
     [] {
       const Index masks[] = {zeros({3}, DType::bool_), zeros({2}, DType::bool_)};
       index(zeros({3, 3}), masks);
     }},
    {"bad_index_dtype",
     [] {
       const Index at[] = {zeros({2})};
       index(zeros({3}), at);
     }},
    {"indices_not_integers", [] { take(zeros({2}), zeros({2}, DType::bool_)); }},
    {"indices_do_not_broadcast",
     [] {
       const Index at[] = {zeros({2}, DType::int64), zeros({3}, DType::int64)};
       index(zeros({3, 3}), at);
     }},
    {"values_do_not_fit",
     [] {
       Tensor t = zeros({3});
       const Index at[] = {zeros({2}, DType::int64)};
       index_put_(t, at, zeros({3}));
     }},
    {"read_only",
     [] {
       Tensor t = lent(true);
       fill_(t, 0);
     }},
    {"overlapping_output",
     [] {
       Tensor t = expand(zeros({1}), {3});
       fill_(t, 0);
     }},
    {"exported",
     [] {
       Tensor t = zeros({3});
       t.storage().add_export();
       resize_(t, {4});
     }},
    {"not_owned",
     [] {
       Tensor t = lent();
       resize_(t, {8});
     }},
    {"in_use",
     [] {
       Tensor t = zeros({2, 3});
       const InUse used(t);
       t_(t);
     }},
    {"device_mismatch", [] { add(zeros({2}, DType::float32, {DeviceType::cuda, 0}), zeros({2})); }},
    {"no_backend", [] { zeros({2}, DType::float32, {DeviceType::cuda, 7}); }},
    {"no_unified",
     [] {
       const struct Without {
         Without() { setenv("TENON_SIM_UNIFIED", "none", 1); }
         ~Without() { unsetenv("TENON_SIM_UNIFIED"); }
       } without;
       zeros({2}, DType::float32, {DeviceType::unified, 0});
     }},
    {"bad_device", [] { parse_device("gpu"); }},
    {"out_of_memory", [] { zeros({std::int64_t{8} << 30}, DType::uint8, {DeviceType::cuda, 0}); }},
    {"device_failed", [] { stream_of({DeviceType::cuda, 0}, 12345); }},
    {"inplace_on_leaf", [] { in_place(Op::mul, leaf(), 2); }},
    {"inplace_on_leaf", [] { in_place(Op::mul, leaf()[0], 2); }},
    {"saved_was_modified",
     [] {
       const Tensor x = leaf(), y = mul(x, 1), z = square(y);
       in_place(Op::add, y, 1);
       z.backward(doubles({1, 1}));
     }},
    {"saved_was_written_outside",
     [] {
       const Tensor z = mul(leaf(), narrow(lent(), 0, 0, 2));
       g_memory[1] += 1;
       z.backward(doubles({1, 1}));
     }},
    {"graph_freed",
     [] {
       const Tensor y = square(leaf());
       y.backward(doubles({1, 1}));
       y.backward(doubles({1, 1}));
     }},
    {"wrong_gradient",
     [] {
       const Tensor x = leaf(), y = x.detach().clone();
       autograd::attach(y, "wrong", {&x, 1}, Backward([](const Tensor&) -> Grads { return {doubles({1, 2, 3})}; }));
       y.backward(doubles({1, 1}));
     }},
    {"out_requires_grad",
     [] {
       Tensor out = zeros({2}, DType::float64);
       const Tensor x = leaf();
       const Operand in[] = {x, 1};
       elementwise(Op::add, in, &out);
     }},
    {"not_differentiable",
     [] {
       Tensor t = zeros({2}, DType::int64);
       t.set_requires_grad(true);
     }},
    {"file", [] { load_npy("/none/x.npy"); }},
    {"file", [] { save_npy("/", zeros({1})); }},
    {"not_regular", [] { load_npy("/dev/zero"); }},
    {"no_derivative", [] { heaviside(leaf(), 1).backward(doubles({1, 1})); }},
    // Mistakes with one place only, worded there.
    {"fail", [] { leaf().backward(); }},
    {"fail", [] { doubles({1}).backward(); }},
    {"fail", [] { leaf().item(); }},
    {"fail", [] { slice(zeros({3}), 0, 0, 1, 0); }},
    {"fail", [] { arange(0, 1, 0); }},
    {"fail",
     [] {
       const Tensor x = leaf(), y = leaf(), z = square(x), w = doubles({1, 1});
       autograd::grad({&z, 1}, {&y, 1}, {&w, 1}, false, false, false);
     }},
    {"fail",
     [] {
       Tensor x = square(leaf());
       x.set_requires_grad(false);
     }},
    {"fail",
     [] {
       Tensor x = leaf();
       resize_(x, {3});
     }},
    {"fail",
     [] {
       Tensor x = zeros({4}), v = slice(x, 0, 0, 2);
       resize_(x, {3});
     }},
    {"fail", [] { Storage::map_file("/nonexistent/file.npy", false); }},
};

std::string said(const Mistake& m) {
  try {
    m.make();
  } catch (const std::exception& e) { return e.what(); }
  ADD_FAILURE() << m.function << ": no error";
  return {};
}

const std::string kGolden = std::string(TENON_GOLDEN_DIR) + "/errors.txt";

TEST(Errors, AreWordedAsInTheGoldenFile) {
  std::vector<std::string> lines;
  for (const Mistake& m : kMistakes) lines.push_back(std::string(m.function) + "\t" + said(m));
  if (std::getenv("TENON_UPDATE_GOLDEN")) {
    std::ofstream file(kGolden);
    for (const auto& line : lines) file << line << '\n';
    return;
  }
  std::ifstream file(kGolden);
  std::size_t i = 0;
  for (std::string line; std::getline(file, line); ++i) {
    ASSERT_LT(i, lines.size()) << "the golden file has more lines than there are mistakes";
    EXPECT_EQ(lines[i], line);
  }
  EXPECT_EQ(i, lines.size()) << "the golden file lacks mistakes; TENON_UPDATE_GOLDEN=1 writes it";
}

TEST(Errors, EveryFunctionOfTheHeaderIsInTheGoldenFile) {
  std::ifstream header(std::string(TENON_GOLDEN_DIR) + "/../../src/core/errors.h"), golden(kGolden);
  std::stringstream text;
  text << golden.rdbuf();
  int functions = 0;
  for (std::string line; std::getline(header, line);) {
    const std::string start = "[[noreturn]] void ";
    if (!line.starts_with(start)) continue;
    const std::string name = line.substr(start.size(), line.find('(') - start.size());
    if (name == "fail" || name == "not_available") continue;  // the latter: only a backend with gaps
    ++functions;
    EXPECT_NE(text.str().find(name + "\t"), std::string::npos) << "no mistake makes " << name << " speak";
  }
  EXPECT_GT(functions, 25);
}

TEST(Errors, NameTheOpFirst) {
  for (const Mistake& m : kMistakes) {
    const std::string text = said(m);
    const auto colon = text.find(": ");
    ASSERT_NE(colon, std::string::npos) << text;
    EXPECT_EQ(text.substr(0, colon).find(' '), std::string::npos) << text;
    EXPECT_NE(text.back(), '.') << text;
  }
}

TEST(Errors, MapToPythonsTypes) {
  EXPECT_THROW(add(zeros({2}), zeros({3})), ValueError);
  EXPECT_THROW(add(zeros({2}, DType::float8_e5m2), 1), TypeError);
  EXPECT_THROW(zeros({2})[5], IndexError);
  EXPECT_THROW(zeros({2}, DType::float32, {DeviceType::cuda, 7}), RuntimeError);
  EXPECT_THROW(square(leaf()).backward(), RuntimeError);
}

}  // namespace
