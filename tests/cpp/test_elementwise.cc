// A walk over the table: every op, dtype and layout against the scalar definition of the op. What the
// definitions themselves are worth is test_math's subject; here it is the executor's.
#include "helpers.h"

#include <complex>
#include <array>
#include <cmath>
#include <limits>

#include "reference.h"

namespace {

using namespace tenon;
using test::message;

std::vector<Op> all_ops() {
  std::vector<Op> out;
  for (int i = 0; i < kOps; ++i) out.push_back(static_cast<Op>(i));
  return out;
}
std::vector<DType> all_dtypes() {
  std::vector<DType> out;
  for (int i = 0; i < kDTypes; ++i) out.push_back(static_cast<DType>(i));
  return out;
}

// Values of a dtype: special ones first, then random ones. Complex numbers stay finite, since contracted
// multiplications (fused or not) differ in what infinities become.
Tensor samples(const Dims& shape, DType d, std::uint64_t seed, bool negative = true) {
  std::mt19937_64 random(seed);
  const std::vector<double> special = {0, -0., 1, -1, 0.5, 2, 3, -2.5, HUGE_VAL, -HUGE_VAL, NAN, 1e30, 1e-30, 63, 7};
  Tensor t = empty(shape, d);
  for (std::int64_t i = 0; i < t.numel(); ++i) {
    const double r = std::uniform_real_distribution<double>(-8, 8)(random);
    char* p = t.data() + i * t.itemsize();
    const bool use_special = random() % 4 == 0;
    if (is_complex(d)) {
      Scalar(complex128{r, std::uniform_real_distribution<double>(-3, 3)(random)}).store(d, p);
    } else if (is_floating(d)) {
      Scalar(use_special ? special[random() % special.size()] : r).store(d, p);
    } else if (is_bool(d)) {
      Scalar(random() % 2 == 0).store(d, p);
    } else if (use_special) {
      std::memcpy(
          p,
          std::array<std::uint64_t, 4>{0, ~std::uint64_t{0}, 1, std::uint64_t{1} << (8 * itemsize(d) - 1)}.data() +
              random() % 4,
          itemsize(d));
    } else {
      Scalar(static_cast<std::int64_t>(random() % 100) - (kind(d) == Kind::signed_integer ? 50 : 0)).store(d, p);
    }
    if (!negative && kind(d) == Kind::signed_integer) p[itemsize(d) - 1] &= 0x7f;  // the sign bit
  }
  return t;
}

enum class Layout { contiguous, transposed, sliced, negative, broadcast, gaps, number, count };
constexpr int kLayouts = static_cast<int>(Layout::count);

// A tensor that broadcasts to shape, laid out so.
Tensor laid_out(Layout layout, const Dims& shape, DType d, std::uint64_t seed, bool negative = true) {
  Dims other = shape;
  const int last = shape.size() - 1;
  switch (layout) {
    case Layout::contiguous: return samples(shape, d, seed, negative);
    case Layout::transposed: return T(samples(Dims{shape[1], shape[0]}, d, seed, negative));
    case Layout::sliced: {
      other[last] *= 3;
      return slice(samples(other, d, seed, negative), -1, 1, {}, 3);
    }
    case Layout::negative: return flip(samples(shape, d, seed, negative));
    case Layout::broadcast: {
      other[0] = 1;
      return samples(other, d, seed, negative);
    }
    case Layout::gaps: {
      other[0] *= 2;
      other[1] += 5;
      return slice(slice(samples(other, d, seed, negative), 0, {}, {}, -2), 1, 2, shape[1] + 2);
    }
    default: return samples({}, d, seed, negative);
  }
}

// Every element of the tensor repeated to the shape, converted to dtype `to`, in row-major order.
std::vector<std::array<unsigned char, 16>> converted(const Tensor& t, const Dims& shape, DType to) {
  std::vector<std::array<unsigned char, 16>> out;
  test::each_element(expand(t, shape), [&](const char* p) {
    out.emplace_back();
    // float and half conversions are exact here: the compute dtype is never narrower, except to bool.
    if (is_bool(to) && !is_bool(t.dtype())) {
      const Scalar s = Scalar::load(t.dtype(), p);
      const bool truth = s.is_complex() ? s.to<complex128>() != complex128{} : s.to<bool>();
      std::memcpy(out.back().data(), &truth, 1);
    } else {
      Scalar::load(t.dtype(), p).store(to, out.back().data());
    }
  });
  return out;
}

// Vectorised loops may contract a * b + c, and SIMD math differs from scalar math in the last bits.
bool close(const Scalar& got, const Scalar& want, DType compute, DType d) {
  if (!got.is_floating() && !got.is_complex()) return got.str() == want.str();
  const DType real = real_dtype(d);
  double eps = real_dtype(compute) == DType::float64 ? 0x1p-52 : 0x1p-23;
  if (itemsize(real) == 2) eps = d == DType::float16 ? 0x1p-10 : 0x1p-7;
  const double tolerance = 16 * eps;
  const complex128 a = got.to<complex128>(), b = want.to<complex128>();
  auto same = [&](double x, double y, double scale) {
    if (std::isnan(x) || std::isnan(y)) return std::isnan(x) && std::isnan(y);
    return x == y || std::abs(x - y) <= tolerance * std::max({std::abs(x), std::abs(y), scale});
  };
  // Cancellation leaves the rounding of the operands, which are of this size.
  const double scale = got.is_complex() ? std::max(std::hypot(b.re, b.im), 64.0) : std::abs(b.re) < 8 ? 1 : 0;
  return same(a.re, b.re, scale) && same(a.im, b.im, scale);
}

// Computes what `got` must be from the operands, element by element.
void expect_computed(Op op, const std::vector<Tensor>& in, const Tensor& got) {
  const std::size_t first = info(op).rule == Rule::select ? 1 : 0;
  DType d = in[first].dtype();
  for (std::size_t i = first + 1; i < in.size(); ++i) d = promote(d, in[i].dtype());
  const ElementwiseTypes types = elementwise_types(op, d);
  ASSERT_EQ(got.dtype(), types.result) << info(op).name;
  const test::Reference f = test::reference(op, types.compute);
  ASSERT_TRUE(f || op == Op::copy || types.compute == DType::bool_) << info(op).name << " " << name(types.compute);
  if (!f) return;
  std::vector<std::vector<std::array<unsigned char, 16>>> operands;
  for (std::size_t i = 0; i < in.size(); ++i)
    operands.push_back(converted(in[i], got.shape(), i < first ? DType::bool_ : types.compute));
  std::size_t at = 0;
  bool ok = true;
  test::each_element(got, [&](const char* p) {
    const void* pointers[3] = {};
    for (std::size_t i = 0; i < in.size(); ++i) pointers[i] = operands[i][at].data();
    alignas(16) unsigned char value[16];
    f(pointers, value);
    Scalar::load(types.kernel_out, value).store(types.result, value);
    const Scalar want = Scalar::load(types.result, value), have = Scalar::load(types.result, p);
    if (ok && !close(have, want, types.compute, types.result)) {
      ok = false;
      std::string text;
      for (std::size_t i = 0; i < in.size(); ++i)
        text += Scalar::load(i < first ? DType::bool_ : types.compute, pointers[i]).str() + " ";
      ADD_FAILURE() << info(op).name << " of " << name(d) << " at element " << at << ": " << have.str() << ", not "
                    << want.str() << ", operands " << text;
    }
    ++at;
  });
}

bool defined_for(Op op, DType d) {
  try {
    elementwise_types(op, d);
    return true;
  } catch (const DtypeError&) { return false; }
}

class EveryOp : public testing::TestWithParam<int> {};

TEST_P(EveryOp, AgreesWithItsDefinitionForEveryDtypeAndLayout) {
  const Op op = static_cast<Op>(GetParam());
  const int arity = info(op).arity;
  const Dims shape{5, 7};
  for (DType d : all_dtypes()) {
    const DType condition = info(op).rule == Rule::select ? DType::bool_ : d;
    const bool composed = op == Op::sigmoid || op == Op::silu || op == Op::sinc;  // of others, for complex numbers
    if (composed && is_complex(d)) continue;
    if (!defined_for(op, d)) {
      std::vector<Operand> in;
      const Tensor t = empty({2}, d);
      for (int i = 0; i < arity; ++i) in.emplace_back(t);
      EXPECT_THROW(elementwise(op, in), DtypeError) << info(op).name << name(d);
      continue;
    }
    if (is_float8(d)) continue;  // copies and truth values: in the tests of casts
    for (int a = 0; a < kLayouts; ++a) {
      for (int b = 0; b < (arity > 1 ? kLayouts : 1); ++b) {
        std::vector<Tensor> in;
        in.push_back(laid_out(static_cast<Layout>(a), shape, condition, 1));
        if (arity > 1) in.push_back(laid_out(static_cast<Layout>(b), shape, d, 2, op != Op::pow));
        if (arity > 2) in.push_back(laid_out(static_cast<Layout>((a + 2 * b) % kLayouts), shape, d, 3));
        std::vector<Operand> operands(in.begin(), in.end());
        const Tensor y = elementwise(op, operands);
        Dims wanted = in[0].shape();
        for (const Tensor& t : in) {
          if (t.ndim() > wanted.size()) wanted = t.shape();
          for (int k = 0; k < t.ndim(); ++k) wanted[k] = std::max(wanted[k], t.shape()[k]);
        }
        ASSERT_EQ(y.shape(), wanted);
        expect_computed(op, in, y);
        if (HasFailure()) return;
      }
    }
  }
}

TEST_P(EveryOp, TakesEmptyAndLongTensors) {
  const Op op = static_cast<Op>(GetParam());
  for (DType d : {DType::bool_, DType::int32, DType::uint8, DType::float16, DType::float32, DType::complex128}) {
    if (!defined_for(op, d)) continue;
    for (const Dims& shape : {Dims{0}, Dims{3, 0, 2}, Dims{4099}}) {
      std::vector<Tensor> in;
      for (int i = 0; i < info(op).arity; ++i)
        in.push_back(samples(shape, i == 0 && info(op).rule == Rule::select ? DType::bool_ : d,
                             10 + static_cast<std::uint64_t>(i), op != Op::pow || i == 0));
      std::vector<Operand> operands(in.begin(), in.end());
      const Tensor y = elementwise(op, operands);
      EXPECT_EQ(y.shape(), shape);
      expect_computed(op, in, y);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Table, EveryOp, testing::Range(0, kOps),
                         [](const auto& p) { return std::string(tenon::info(static_cast<Op>(p.param)).name); });

TEST(Elementwise, HasAKernelWhereverTheRuleSaysSo) {
  for (Op op : all_ops())
    for (DType d : all_dtypes())
      if (op != Op::copy && defined_for(op, d)) {
        EXPECT_TRUE(test::reference(op, elementwise_types(op, d).compute)) << info(op).name << " " << name(d);
      }
}

TEST(Elementwise, PromotesEveryPairOfDtypes) {
  for (DType a : all_dtypes()) {
    for (DType b : all_dtypes()) {
      if (is_float8(a) || is_float8(b)) continue;
      const Tensor x = samples({3, 11}, a, 5), y = T(samples({11, 3}, b, 6)), c = samples({3, 11}, DType::bool_, 7);
      for (Op op : {Op::add, Op::eq, Op::div}) {
        const Operand xy[] = {x, y};
        expect_computed(op, {x, y}, elementwise(op, xy));
      }
      expect_computed(Op::where, {c, x, y}, where(c, x, y));
    }
  }
}

Tensor tensor_of(DType d) { return full({1}, 1, d); }

TEST(Elementwise, NumbersArePromotedWeakly) {
  EXPECT_EQ(add(tensor_of(DType::uint8), 5).dtype(), DType::uint8);
  EXPECT_EQ(add(5, tensor_of(DType::float16)).dtype(), DType::float16);
  EXPECT_EQ(add(tensor_of(DType::int8), 1.5).dtype(), DType::float32);
  EXPECT_EQ(mul(tensor_of(DType::float64), Scalar(complex128{0, 1})).dtype(), DType::complex128);
  EXPECT_EQ(add(tensor_of(DType::bool_), 1).dtype(), DType::int64);
  EXPECT_EQ(add(1, 2).dtype(), DType::int64);
  EXPECT_EQ(where(tensor_of(DType::bool_), 1.5, 2).dtype(), DType::float32);
  EXPECT_EQ(where(true, tensor_of(DType::int8), 2).dtype(), DType::int8);
  EXPECT_THROW(add(tensor_of(DType::uint8), 256), OverflowError);
  EXPECT_THROW(add(tensor_of(DType::uint8), -1), OverflowError);
  EXPECT_EQ(add(tensor_of(DType::uint64), ~std::uint64_t{0}).item().str(), "0");  // 1 + (2**64 - 1) wraps
  // A tensor without dimensions counts fully.
  EXPECT_EQ(add(tensor_of(DType::float32), Tensor::of(1.0, DType::float64)).dtype(), DType::float64);
}

TEST(Elementwise, ResultsFollowTheLayoutOfTransposedOperands) {
  const Tensor t = T(test::counting({4, 3}));
  EXPECT_EQ(neg(t).strides(), t.strides());
  EXPECT_EQ(add(t, t).strides(), t.strides());
  EXPECT_EQ(add(t, test::counting({3, 4})).strides(), (Dims{4, 1}));
  EXPECT_TRUE(neg(flip(test::counting({3, 4}))).is_contiguous());
  const Tensor repeated = expand(test::counting({3, 1}), {3, 4});
  EXPECT_EQ(neg(repeated).shape(), (Dims{3, 4}));
  EXPECT_EQ(neg(repeated).storage().bytes(), 12 * 8);
}

// ---- out= ----

TEST(Out, IsWrittenInPlaceWhateverItsLayoutAndDtype) {
  const Tensor a = samples({5, 7}, DType::float32, 1), b = samples({5, 7}, DType::float32, 2);
  const Tensor want = add(a, b);
  for (DType d : {DType::float32, DType::float64, DType::bfloat16, DType::complex64}) {
    for (int k = 0; k < kLayouts; ++k) {
      if (static_cast<Layout>(k) == Layout::broadcast || static_cast<Layout>(k) == Layout::number) continue;
      Tensor out = laid_out(static_cast<Layout>(k), {5, 7}, d, 3);
      const auto version = out.storage().version();
      const Operand in[] = {a, b};
      const Tensor r = elementwise(Op::add, in, &out);
      EXPECT_TRUE(r.is_same(out));
      EXPECT_GT(out.storage().version(), version);
      const auto got = test::values<double>(is_complex(d) ? real(out) : out),
                 w = test::values<double>(want.to(d == DType::bfloat16 ? d : DType::float32));
      for (std::size_t i = 0; i < w.size(); ++i)
        ASSERT_TRUE(got[i] == w[i] || (std::isnan(got[i]) && std::isnan(w[i])));
    }
  }
}

TEST(Out, MayOverlapItsInputs) {
  // All pairs of windows onto one buffer, forwards and backwards.
  for (DType d : {DType::float64, DType::float32}) {
    for (std::int64_t i = 0; i < 6; ++i) {
      for (std::int64_t o = 0; o < 6; ++o) {
        for (bool flipped : {false, true}) {
          const Tensor buffer = test::counting({16}, DType::float64);
          Tensor in = narrow(buffer, 0, i, 10), out = narrow(buffer, 0, o, 10);
          if (d == DType::float32)
            in = view(in, DType::float32), out = view(out, DType::float32);  // other bytes, same place
          if (flipped) in = flip(in);
          const auto want = test::values(add(in.clone(), out.clone()));
          const Operand operands[] = {in, out};
          elementwise(Op::add, operands, &out);
          const auto got = test::values(out);
          for (std::size_t k = 0; k < want.size(); ++k)
            ASSERT_TRUE(got[k] == want[k] || std::isnan(want[k])) << i << o << flipped;
        }
      }
    }
  }
  // The same bytes as another dtype.
  const Tensor buffer = test::counting({8}, DType::float32);
  Tensor wide = view(buffer, DType::float64);
  const Tensor half = narrow(buffer, 0, 0, 4);
  const auto want = test::values(neg(half));
  const Operand one[] = {half};
  elementwise(Op::neg, one, &wide);
  EXPECT_EQ(test::values(wide), want);
}

TEST(Out, IsRefusedWhereTheResultDoesNotBelong) {
  const Tensor a = test::counting({3});
  auto into = [&](const Tensor& out) {
    const Operand in[] = {a, a};
    elementwise(Op::add, in, &out);
  };
  EXPECT_THROW(into(empty({3}, DType::int64)), DtypeError);
  EXPECT_THROW(into(empty({4}, DType::float64)), ShapeError);
  EXPECT_THROW(into(empty({2, 3}, DType::float64)), ShapeError);
  EXPECT_THROW(into(expand(empty({1}, DType::float64), {3})), RuntimeError);
  double data[3] = {};
  EXPECT_THROW(into(from_blob(data, {3}, DType::float64, nullptr, nullptr, true)), ReadOnlyError);
  Tensor leaf = zeros({3}, DType::float64);
  leaf.set_requires_grad(true);
  EXPECT_THROW(into(leaf), GradError);
  {
    NoGrad guard;
    EXPECT_NO_THROW(into(leaf));
  }
  EXPECT_EQ(test::values(leaf), (std::vector<double>{0, 2, 4}));
}

// ---- in place ----

TEST(InPlace, ChangesTheTensorForAllLayoutsAndDtypes) {
  for (DType d : all_dtypes()) {
    if (is_float8(d)) continue;
    for (int k = 0; k < kLayouts; ++k) {
      if (static_cast<Layout>(k) == Layout::broadcast) continue;
      Tensor t = laid_out(static_cast<Layout>(k), {5, 7}, d, 1);
      const Tensor before = t.clone(), other = samples(t.shape(), d, 2);
      const char* data = t.data();
      const Operand with[] = {other};
      Tensor& r = elementwise_(Op::mul, t, with);
      EXPECT_TRUE(r.is_same(t));
      EXPECT_EQ(t.data(), data);
      expect_computed(Op::mul, {before, other}, t);
    }
  }
}

TEST(InPlace, WithItselfAndItsViews) {
  Tensor t = test::counting({6});
  const Operand self[] = {t};
  elementwise_(Op::add, t, self);
  EXPECT_EQ(test::values(t), (std::vector<double>{0, 2, 4, 6, 8, 10}));
  const Tensor backwards = flip(t);
  const Operand other[] = {backwards};
  elementwise_(Op::sub, t, other);
  EXPECT_EQ(test::values(t), (std::vector<double>{-10, -6, -2, 2, 6, 10}));
  const Tensor first = t[0];
  const Operand number[] = {first};  // is overwritten on the way
  elementwise_(Op::mul, t, number);
  EXPECT_EQ(test::values(t), (std::vector<double>{100, 60, 20, -20, -60, -100}));
}

TEST(InPlace, NeitherChangesDtypeNorShape) {
  Tensor t = test::counting({3}, DType::int64);
  auto op = [&](Op which, const Operand& with) { elementwise_(which, t, {&with, 1}); };
  EXPECT_THROW(op(Op::add, 1.5), DtypeError);
  EXPECT_THROW(op(Op::div, 2), DtypeError);
  EXPECT_THROW(op(Op::add, test::counting({2, 3}, DType::int64)), ShapeError);
  EXPECT_THROW(op(Op::add, std::uint64_t{1} << 63), OverflowError);
  Tensor repeated = expand(test::counting({1}), {3});
  const Operand one[] = {1};
  EXPECT_THROW(elementwise_(Op::add, repeated, one), RuntimeError);
  EXPECT_EQ(test::values(t), (std::vector<double>{0, 1, 2}));
  Tensor small = test::counting({3}, DType::int8);
  const Tensor large = test::counting({3}, DType::int64);
  const Operand wide[] = {large};
  EXPECT_NO_THROW(elementwise_(Op::add, small, wide));  // within a kind, as NumPy's same_kind
  EXPECT_EQ(test::values(small), (std::vector<double>{0, 2, 4}));
}

// ---- casts ----

TEST(Operand, TakesComplexNumbersOfAllTypes) {
  const Tensor t = ones({2}, DType::float64);
  const complex128 i{0, 1};
  for (const Tensor& y : {add(t, i), t + i, i + t, add(t, complex64{0, 1}), add(t, std::complex<double>(0, 1))}) {
    EXPECT_EQ(y.dtype(), DType::complex128);
    EXPECT_EQ(y[1].item().to<complex128>(), (complex128{1, 1}));
  }
  EXPECT_EQ(add(ones({2}), i).dtype(), DType::complex64);
}

TEST(Cast, BetweenAllDtypesAndLayoutsKeepsWhatFits) {
  for (DType from : all_dtypes()) {
    for (DType to : all_dtypes()) {
      for (int k = 0; k < kLayouts; ++k) {
        Tensor t = laid_out(static_cast<Layout>(k), {3, 5}, DType::uint8, 9);
        t = remainder(t, 7).to(from);  // 0 to 6 exist in all dtypes but bool
        const Tensor r = t.to(to);
        ASSERT_EQ(r.dtype(), to);
        const auto a = test::values(t), b = test::values(r);
        for (std::size_t i = 0; i < a.size(); ++i)
          ASSERT_EQ(b[i], is_bool(to) ? a[i] != 0 : a[i]) << name(from) << " to " << name(to);
      }
    }
  }
}

TEST(Cast, WrapsIntegersTruncatesFloatsAndTakesNaNAsTrue) {
  EXPECT_EQ(test::values<int>(test::tensor<std::int32_t>({300, -1}).to(DType::uint8)), (std::vector<int>{44, 255}));
  EXPECT_EQ(test::values<int>(test::doubles({1.9, -1.9}).to(DType::int8)), (std::vector<int>{1, -1}));
  EXPECT_EQ(test::values<int>(test::doubles({NAN, 0, -0., 0.1}).to(DType::bool_)), (std::vector<int>{1, 0, 0, 1}));
  EXPECT_EQ(test::values(test::tensor<complex128>({{1, 5}}).to(DType::float64)), std::vector<double>{1});
  EXPECT_EQ(test::scalars(test::doubles({1.8446744073709550e19}).to(DType::uint64))[0].str(), "18446744073709549568");
}

TEST(Copy, BroadcastsConvertsAndReadsOverlappingSourcesFirst) {
  Tensor t = zeros({2, 3}, DType::int32);
  copy_(t, test::doubles({1, 2, 3}));
  EXPECT_EQ(test::values(t), (std::vector<double>{1, 2, 3, 1, 2, 3}));
  Tensor s = test::counting({6});
  Tensor tail = narrow(s, 0, 1, 5);
  copy_(tail, narrow(s, 0, 0, 5));
  EXPECT_EQ(test::values(s), (std::vector<double>{0, 0, 1, 2, 3, 4}));
  copy_(s, flip(s));
  EXPECT_EQ(test::values(s), (std::vector<double>{4, 3, 2, 1, 0, 0}));
  EXPECT_THROW(copy_(t, zeros({2, 2})), ShapeError);
  EXPECT_THROW(copy_(t, zeros({2, 2, 3})), ShapeError);
  EXPECT_THROW(copy_(t, zeros({3}, DType::complex64)), DtypeError);
  EXPECT_THROW(fill_(t, std::int64_t{1} << 40), OverflowError);
}

}  // namespace
