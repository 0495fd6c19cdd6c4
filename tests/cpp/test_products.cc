// Products over chosen dimensions: values by loops over indices, gradients by differences, errors.
#include "gradients.h"
#include "tenon/ops.h"

namespace tenon {
namespace {

using test::counting;
using test::doubles;
using test::expect_second_gradients;
using test::values;
using V = std::vector<double>;

Tensor some(const Dims& shape, std::uint64_t seed, DType d = DType::float64) {
  return test::uniform(shape, -2, 2, seed, d);
}

// Einstein's sum by one loop over all labels: of operands without "..." or repeated letters in the result.
V naive(const std::vector<std::string>& terms, const std::string& result, const std::vector<Tensor>& ts) {
  std::vector<std::int64_t> size(128, 1), at(128, 0);
  std::string labels;
  for (std::size_t i = 0; i < ts.size(); ++i)
    for (std::size_t d = 0; d < terms[i].size(); ++d) {
      const auto c = static_cast<std::size_t>(terms[i][d]);
      if (const std::int64_t n = ts[i].shape()[static_cast<int>(d)]; n != 1) size[c] = n;
      if (labels.find(terms[i][d]) == std::string::npos) labels += terms[i][d];
    }
  std::int64_t out = 1, all = 1;
  for (const char c : result) out *= size[static_cast<std::size_t>(c)];
  for (const char c : labels) all *= size[static_cast<std::size_t>(c)];
  V sums(static_cast<std::size_t>(out), 0);
  for (std::int64_t k = 0; k < all; ++k) {
    std::int64_t rest = k;
    for (const char c : labels) {
      at[static_cast<std::size_t>(c)] = rest % size[static_cast<std::size_t>(c)];
      rest /= size[static_cast<std::size_t>(c)];
    }
    double product = 1;
    for (std::size_t i = 0; i < ts.size(); ++i) {
      std::int64_t offset = 0;
      for (std::size_t d = 0; d < terms[i].size(); ++d) {
        const int dim = static_cast<int>(d);
        offset += (ts[i].shape()[dim] == 1 ? 0 : at[static_cast<std::size_t>(terms[i][d])]) * ts[i].strides()[dim];
      }
      product *= ts[i].data<double>()[offset];
    }
    std::int64_t place = 0;
    for (const char c : result) place = place * size[static_cast<std::size_t>(c)] + at[static_cast<std::size_t>(c)];
    sums[static_cast<std::size_t>(place)] += product;
  }
  return sums;
}

void expect_near(const V& got, const V& wanted, const std::string& what) {
  ASSERT_EQ(got.size(), wanted.size()) << what;
  for (std::size_t i = 0; i < got.size(); ++i)
    EXPECT_NEAR(got[i], wanted[i], 1e-12 * (1 + std::abs(wanted[i]))) << what;
}

struct Sum {
  std::vector<std::string> terms;
  std::string result;
  std::vector<Dims> shapes;
};
const Sum kSums[] = {
    {{"ij", "jk"}, "ik", {{2, 3}, {3, 4}}},
    {{"ij", "jk"}, "ki", {{2, 3}, {3, 4}}},
    {{"bij", "bjk"}, "bik", {{2, 3, 4}, {2, 4, 5}}},
    {{"ij", "kl"}, "ijkl", {{2, 3}, {2, 2}}},
    {{"ij", "ij"}, "", {{2, 3}, {2, 3}}},
    {{"ij", "j"}, "i", {{2, 3}, {1}}},
    {{"ij", "ji"}, "i", {{2, 1}, {3, 2}}},
    {{"ijk"}, "kj", {{2, 3, 4}}},
    {{"ii"}, "", {{3, 3}}},
    {{"iij"}, "ji", {{3, 3, 2}}},
    {{"iji", "j"}, "i", {{3, 2, 3}, {2}}},
    {{"ij", "jk", "kl"}, "il", {{2, 3}, {3, 4}, {4, 2}}},
    {{"ij", "jk", "ki"}, "", {{2, 3}, {3, 4}, {4, 2}}},
    {{"i", "j", "k", "ijk"}, "", {{2}, {3}, {2}, {2, 3, 2}}},
    {{"ab", "bc", "cd", "de"}, "ae", {{2, 9}, {9, 2}, {2, 9}, {9, 3}}},
    {{"ij", "jk"}, "ik", {{2, 0}, {0, 3}}},
    {{"ij", "jk"}, "ik", {{0, 2}, {2, 3}}},
    {{"i", "i"}, "i", {{0}, {1}}},
};

TEST(Einsum, IsTheSumOfProductsOverAllLabels) {
  for (const Sum& s : kSums) {
    std::vector<Tensor> ts;
    std::string equation;
    for (std::size_t i = 0; i < s.terms.size(); ++i) {
      ts.push_back(some(s.shapes[i], 7 + i));
      equation += (i ? "," : "") + s.terms[i];
    }
    equation += "->" + s.result;
    expect_near(values(einsum(equation, ts)), naive(s.terms, s.result, ts), equation);
    // The same with other strides.
    std::vector<Tensor> turned;
    for (const Tensor& t : ts) turned.push_back(T(contiguous(T(t))));
    expect_near(values(einsum(equation, turned)), naive(s.terms, s.result, ts), equation + " (transposed)");
    const bool smooth = std::all_of(ts.begin(), ts.end(), [](const Tensor& t) { return t.numel() > 0; });
    if (smooth) expect_second_gradients(equation, [&](const auto& x) { return einsum(equation, x); }, ts);
  }
}

TEST(Einsum, WithoutAnArrowKeepsTheLettersThatStandOnceInTheirOrder) {
  const Tensor a = some({2, 3}, 1), b = some({3, 4}, 2);
  const Tensor ab[] = {a, b};
  expect_near(values(einsum("ij,jk", ab)), values(matmul(a, b)), "ij,jk");
  expect_near(values(einsum("ba", {&a, 1})), values(T(a)), "ba");
  EXPECT_EQ(einsum("aB", {&a, 1}).shape(), (Dims{3, 2}));  // capitals first
  EXPECT_TRUE(einsum("ba", {&a, 1}).shares_storage(a));
}

TEST(Einsum, DotsStandForDimensionsWithoutALetter) {
  const Tensor a = some({5, 1, 2, 3}, 1), b = some({4, 3, 2}, 2);
  const Tensor ab[] = {a, b};
  const Tensor r = einsum("...ij,...jk->...ik", ab);
  EXPECT_EQ(r.shape(), (Dims{5, 4, 2, 2}));
  expect_near(values(r), values(matmul(a, b)), "dots");
  expect_near(values(einsum("...ij,...jk", ab)), values(matmul(a, b)), "dots without an arrow");
  EXPECT_EQ(einsum("i...->...i", {&a, 1}).shape(), (Dims{1, 2, 3, 5}));
  EXPECT_EQ(einsum("...ii->...i", std::vector<Tensor>{some({2, 3, 3}, 4)}).shape(), (Dims{2, 3}));
  const Tensor scalar = some({}, 3);
  const Tensor with[] = {a, scalar};
  EXPECT_EQ(einsum("...,...->...", with).shape(), a.shape());
}

TEST(Einsum, FollowsAPathAndFindsItsOwn) {
  std::vector<Tensor> ts = {some({2, 3}, 1), some({3, 4}, 2), some({4, 5}, 3), some({5, 2}, 4)};
  const V wanted = values(matmul(matmul(matmul(ts[0], ts[1]), ts[2]), ts[3]));
  for (const std::vector<Dims>& path : {std::vector<Dims>{},
                                        {{0, 1}, {0, 1}, {0, 1}},
                                        {{2, 3}, {0, 2}, {0, 1}},
                                        {{0, 1, 2, 3}},
                                        {{0, 3, 1}, {0, 1}},
                                        {{1}, {0, 1, 2, 3}}})
    expect_near(values(einsum("ij,jk,kl,lm->im", ts, {}, path)), wanted, "path");
  EXPECT_THROW(einsum("ij,jk,kl,lm->im", ts, {}, std::vector<Dims>{{0, 4}}), ValueError);
  EXPECT_THROW(einsum("ij,jk,kl,lm->im", ts, {}, std::vector<Dims>{{1, 1}}), ValueError);
}

TEST(Einsum, KeepsTheDtypeOfWhatItSums) {
  const Tensor bytes = full({300}, 100, DType::int8);
  EXPECT_EQ(einsum("i->", {&bytes, 1}).dtype(), DType::int8);
  EXPECT_EQ(einsum("i->", {&bytes, 1}).item<int>(), static_cast<std::int8_t>(30000));
  EXPECT_EQ(einsum("i->", {&bytes, 1}, DType::int64).item<int>(), 30000);
  const Tensor mask = test::tensor<bool>({false, true, false});
  EXPECT_EQ(einsum("i->", {&mask, 1}).dtype(), DType::bool_);
  EXPECT_TRUE(einsum("i->", {&mask, 1}).item<bool>());
  const Tensor both[] = {mask, mask};
  EXPECT_TRUE(einsum("i,i->", both).item<bool>());
  // Half precision is rounded once: 2049 * 2049 * 2**-11 would lose a bit after the first product.
  const Tensor h = full({1}, 2049.0 / 2048, DType::float16);
  const Tensor three[] = {h, h, h};
  EXPECT_EQ(einsum("i,i,i->i", three).item<double>(),
            full({}, std::pow(h.item<double>(), 3), DType::float16).item<double>());
}

TEST(Einsum, SaysWhatDoesNotFit) {
  const Tensor a = some({2, 3}, 1), b = some({4, 3}, 2);
  const auto says = [](auto f) { return test::message<ValueError>(f); };
  const Tensor ab[] = {a, b};
  EXPECT_EQ(says([&] { einsum("ii", {&a, 1}); }),
            "einsum: the subscript 'i' stands twice in one operand, for sizes 2 and 3");
  EXPECT_EQ(says([&] { einsum("ij,jk", ab); }), "einsum: the subscript 'j' stands for sizes 3 and 4");
  EXPECT_EQ(says([&] { einsum("ij,jk", {&a, 1}); }), "einsum: 'ij,jk' is for 2 operands; got 1");
  EXPECT_EQ(says([&] { einsum("ij->ii", {&a, 1}); }), "einsum: the result has the subscript 'i' twice");
  EXPECT_EQ(says([&] { einsum("ij->k", {&a, 1}); }), "einsum: the result has the subscript 'k', which no operand has");
  EXPECT_EQ(says([&] { einsum("i", {&a, 1}); }),
            "einsum: operand 0 has shape (2, 3), but 1 subscripts; use '...' for dimensions without a letter");
  for (const char* bad : {"i.j", "i..j", "i1", "...i...", "i-j", "ij->j->i"})
    EXPECT_THROW(einsum(bad, {&a, 1}), ValueError) << bad;
  EXPECT_THROW(einsum("i", {}), ValueError);
  const Tensor f8 = zeros({2}, DType::float8_e5m2);
  EXPECT_THROW(einsum("i", {&f8, 1}), DtypeError);
  EXPECT_THROW(einsum("i", std::vector<Tensor>{some({2}, 1, DType::complex128)}, DType::float64), DtypeError);
}

TEST(Einsum, HasAFormOfNumbers) {
  const Dims lists[] = {{0, 1}, {1, 26}};
  EXPECT_EQ(einsum_equation(lists), "AB,Ba");
  EXPECT_EQ(einsum_equation(lists, Dims{0, kEllipsis}), "AB,Ba->A...");
  const Dims wrong[] = {{52}};
  EXPECT_THROW(einsum_equation(wrong), ValueError);
}

TEST(Products, OverChosenDimensions) {
  const Tensor a = some({2, 3, 4}, 1), b = some({4, 3, 5}, 2);
  const Tensor ab[] = {a, b};
  expect_near(values(tensordot(a, b, {1, 2}, {1, 0})), values(einsum("ijk,kjl->il", ab)), "tensordot");
  expect_near(values(tensordot(a, b, 1)), values(einsum("ijk,klm->ijlm", ab)), "tensordot 1");
  EXPECT_EQ(tensordot(a, b, 0).shape(), (Dims{2, 3, 4, 4, 3, 5}));
  EXPECT_THROW(tensordot(a, b, 2), ShapeError);
  EXPECT_THROW(tensordot(a, b, 4), IndexError);
  EXPECT_THROW(tensordot(a, b, -1), ValueError);
  EXPECT_THROW(tensordot(a, b, Dims{0}, Dims{0, 1}), ShapeError);
  EXPECT_THROW(tensordot(a, b, Dims{1, 1}, Dims{1, 1}), ValueError);
  const Tensor c = some({5, 4}, 3), ac[] = {a, c};
  expect_near(values(inner(a, c)), values(einsum("ijk,lk->ijl", ac)), "inner");
  expect_near(values(inner(a, some({}, 4))), values(mul(a, some({}, 4))), "inner with a number");
  expect_near(values(numpy_dot(a, b.permute({1, 0, 2}).contiguous())),
              values(einsum("ijk,lkm->ijlm", std::vector<Tensor>{a, b.permute({1, 0, 2})})), "dot");
  expect_near(values(kron(some({2, 2}, 1), some({3}, 2))),
              values(reshape(einsum("ij,k->ijk", std::vector<Tensor>{some({2, 2}, 1), some({3}, 2)}), {2, 6})), "kron");
  EXPECT_EQ(kron(a, c).shape(), (Dims{2, 15, 16}));
  EXPECT_EQ(outer_flat(a, c).shape(), (Dims{24, 20}));
  expect_second_gradients("kron", [](const auto& x) { return kron(x[0], x[1]); }, {some({2, 2}, 1), some({3}, 2)});
  expect_second_gradients("tensordot", [](const auto& x) { return tensordot(x[0], x[1], {1}, {0}); },
                          {some({2, 3}, 1), some({3, 2}, 2)});
}

TEST(Products, OfVectorsConjugateTheFirst) {
  const Tensor x = some({2, 3}, 1, DType::complex128), y = some({2, 3}, 2, DType::complex128);
  const auto wanted = values<complex128>(sum(mul(conj(x), y), Dims{1}));
  const auto got = values<complex128>(vecdot(x, y));
  for (std::size_t i = 0; i < 2; ++i) EXPECT_NEAR(got[i].re, wanted[i].re, 1e-12);
  for (std::size_t i = 0; i < 2; ++i) EXPECT_NEAR(got[i].im, wanted[i].im, 1e-12);
  EXPECT_NEAR(vdot(x, y).item<complex128>().im, sum(mul(conj(x), y)).item<complex128>().im, 1e-12);
  EXPECT_EQ(vecdot(x, y, 0).shape(), (Dims{3}));
  EXPECT_THROW(vecdot(x, some({2, 1}, 3)), ShapeError);
  EXPECT_THROW(vdot(x, some({5}, 3)), ShapeError);
  const Tensor a = some({4, 2, 3}, 3), v = some({3}, 4), w = some({2}, 5);
  expect_near(values(matvec(a, v)), values(einsum("bij,j->bi", std::vector<Tensor>{a, v})), "matvec");
  expect_near(values(vecmat(w, a)), values(einsum("i,bij->bj", std::vector<Tensor>{w, a})), "vecmat");
  EXPECT_THROW(matvec(a, w), ShapeError);
  expect_second_gradients("vecdot", [](const auto& in) { return vecdot(in[0], in[1]); }, {x, y});
}

TEST(Products, CrossAndTrace) {
  const Tensor e = eye(3, {}, 0, DType::float64);
  EXPECT_EQ(values(cross(e[0], e[1])), (V{0, 0, 1}));
  EXPECT_EQ(values(cross(e, roll(e, {1}, Dims{0}))), values(neg(roll(e, {2}, Dims{0}))));
  EXPECT_EQ(cross(some({3, 4}, 1), some({3, 1}, 2), 0).shape(), (Dims{3, 4}));
  EXPECT_EQ(cross(some({5, 3}, 1), some({3}, 2)).shape(), (Dims{5, 3}));
  EXPECT_THROW(cross(some({2}, 1), some({2}, 2)), ShapeError);
  expect_second_gradients("cross", [](const auto& x) { return cross(x[0], x[1]); }, {some({2, 3}, 1), some({3}, 2)});
  const Tensor m = counting({3, 4});
  EXPECT_EQ(trace(m).item<double>(), 15);
  EXPECT_EQ(trace(m, 1).item<double>(), 18);
  EXPECT_EQ(trace(m, 9).item<double>(), 0);
  EXPECT_EQ(trace(counting({2, 2}, DType::int8)).dtype(), DType::int64);
  EXPECT_THROW(trace(m[0]), ShapeError);
}

TEST(Products, PlusAMultipleOfATensor) {
  const Tensor a = some({2, 3}, 1), b = some({3, 4}, 2), c = some({4}, 3), v = some({3}, 4);
  const Tensor sa = some({5, 2, 3}, 5), sb = some({5, 3, 4}, 6);
  expect_near(values(addmm(c, a, b, 2, 3)), values(add(mul(c, 2), mul(matmul(a, b), 3))), "addmm");
  expect_near(values(addmv(c[0], a, v, 0.5, 1)), values(add(mul(c[0], 0.5), matmul(a, v))), "addmv");
  expect_near(values(addr(c, v, c)), values(add(c, outer(v, c))), "addr");
  expect_near(values(baddbmm(c, sa, sb)), values(add(c, matmul(sa, sb))), "baddbmm");
  expect_near(values(addbmm(c, sa, sb, 1, 2)), values(add(c, mul(sum(matmul(sa, sb), Dims{0}), 2))), "addbmm");
  const Tensor nan = full({4}, std::nan(""), DType::float64);
  expect_near(values(addmm(nan, a, b, 0)), values(matmul(a, b)), "beta 0");
  EXPECT_THROW(addmm(some({5}, 1), a, b), ShapeError);
  EXPECT_THROW(addmm(some({5}, 1), a, b, 0), ShapeError);
  EXPECT_THROW(addmm(c, b, a), ShapeError);
  EXPECT_THROW(addmm(zeros({1}, DType::int64), zeros({1, 1}, DType::int64), zeros({1, 1}, DType::int64), 0.5),
               TypeError);
  expect_second_gradients("addmm", [](const auto& x) { return addmm(x[0], x[1], x[2], 2, 3); }, {c, a, b});
  expect_second_gradients("addbmm", [](const auto& x) { return addbmm(x[0], x[1], x[2]); },
                          {c, some({2, 2, 3}, 5), some({2, 3, 4}, 6)});
  EXPECT_THROW(mm(a, v), ShapeError);
  EXPECT_THROW(bmm(sa, some({4, 3, 4}, 1)), ShapeError);
}

TEST(Products, ChainsTakeTheCheapestOrder) {
  const Tensor a = some({10, 2}, 1), b = some({2, 30}, 2), c = some({30, 3}, 3), v = some({3}, 4), w = some({10}, 5);
  const Tensor chain[] = {w, a, b, c, v};
  const V wanted = values(matmul(matmul(matmul(matmul(w, a), b), c), v));
  expect_near(values(multi_dot(chain)), wanted, "vectors at both ends");
  EXPECT_EQ(multi_dot(chain).ndim(), 0);
  EXPECT_EQ(multi_dot(std::span(chain).subspan(1, 3)).shape(), (Dims{10, 3}));
  EXPECT_TRUE(multi_dot({&a, 1}).is_same(a));
  EXPECT_THROW(multi_dot({}), ValueError);
  const Tensor wrong[] = {a, c};
  EXPECT_THROW(multi_dot(wrong), ShapeError);
  const Tensor middle[] = {a, v, c};
  EXPECT_THROW(multi_dot(middle), ShapeError);
}

}  // namespace
}  // namespace tenon
