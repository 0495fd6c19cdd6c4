// index, index_put_ and what is made of them, against loops that follow NumPy's documentation.
#include <numeric>
#include <set>

#include "naive_index.h"
#include "tenon/threads.h"

namespace tenon {
namespace {

using namespace testing;
void check_index(const Tensor& t, const Indices& indices) {
  const Naive n = naive_index(t.shape(), indices);
  const Tensor got = index(t, indices);
  ASSERT_EQ(got.shape(), n.shape);
  EXPECT_EQ(got.dtype(), t.dtype());
  const auto from = values(t), v = values(got);
  for (std::size_t i = 0; i < v.size(); ++i) ASSERT_EQ(v[i], from[static_cast<std::size_t>(n.flat[i])]) << i;
}

void check_put(const Tensor& original, const Indices& indices, bool accumulate, bool scalar) {
  Tensor t = original;
  const Naive n = naive_index(t.shape(), indices);
  auto want = values(t);
  const Tensor source = scalar ? Tensor::of(50, t.dtype()) : to(add(counting(n.shape, DType::int64), 100), t.dtype());
  const auto from = values(scalar ? expand(source, n.shape) : source);
  for (std::size_t i = 0; i < from.size(); ++i) {
    double& to = want[static_cast<std::size_t>(n.flat[i])];
    to = accumulate ? to + from[i] : from[i];
  }
  index_put_(t, indices, source, accumulate);
  EXPECT_EQ(values(t), want);
}

Slice s(std::optional<std::int64_t> a = {}, std::optional<std::int64_t> b = {}, std::int64_t step = 1) {
  return {a, b, step};
}

TEST(Index, ShapesAsNumPy) {
  // Shapes that NumPy 2.4 gives for an array of shape (2, 3, 4).
  const Tensor t = counting({2, 3, 4}), i = full({5, 7}, 0, DType::int64), yes = bools({}, {1}), no = bools({}, {0});
  const Tensor m = bools({2, 3}, {1, 1, 1, 1, 1, 1}), zero = ints({}, {0}), six = ints({6}, {0, 0, 0, 0, 0, 0});
  const Index all = s(), dots = Ellipsis{}, none = NewAxis{}, k = std::int64_t{0};
  const std::vector<std::pair<Indices, Dims>> cases = {{{k, dots, i}, {5, 7, 3}},
                                                       {{k, all, i}, {5, 7, 3}},
                                                       {{all, k, i}, {2, 5, 7}},
                                                       {{i, none, k}, {5, 7, 1, 4}},
                                                       {{k, none, i}, {5, 7, 1, 4}},
                                                       {{all, i, k}, {2, 5, 7}},
                                                       {{all, all, i}, {2, 3, 5, 7}},
                                                       {{all, k, dots, i}, {5, 7, 2}},
                                                       {{all, i, dots, i}, {5, 7, 2}},
                                                       {{dots, k, i}, {2, 5, 7}},
                                                       {{yes}, {1, 2, 3, 4}},
                                                       {{all, yes}, {2, 1, 3, 4}},
                                                       {{yes, all, i}, {5, 7, 2, 4}},
                                                       {{yes, i}, {5, 7, 3, 4}},
                                                       {{no, k}, {0, 3, 4}},
                                                       {{all, yes, i}, {2, 5, 7, 4}},
                                                       {{k, yes}, {1, 3, 4}},
                                                       {{k, all, yes}, {1, 3, 4}},
                                                       {{yes, yes}, {1, 2, 3, 4}},
                                                       {{dots, yes}, {2, 3, 4, 1}},
                                                       {{all, yes, dots, i}, {5, 7, 2, 3}},
                                                       {{zero}, {3, 4}},
                                                       {{all, zero}, {2, 4}},
                                                       {{zero, all, zero}, {3}},
                                                       {{zero, all, i}, {5, 7, 3}},
                                                       {{m}, {6, 4}},
                                                       {{m, k}, {6}},
                                                       {{m, all}, {6, 4}},
                                                       {{m, six}, {6}},
                                                       {{none, i}, {1, 5, 7, 3, 4}},
                                                       {{i, none}, {5, 7, 1, 3, 4}},
                                                       {{all, none, i, i, none}, {2, 1, 5, 7, 1}},
                                                       {{}, {2, 3, 4}}};
  for (std::size_t c = 0; c < cases.size(); ++c) {
    SCOPED_TRACE(c);
    EXPECT_EQ(index(t, cases[c].first).shape(), cases[c].second);
    check_index(t, cases[c].first);
  }
}

// A random list of indices for a shape.
Indices random_indices(std::mt19937_64& random, const Dims& shape) {
  auto below = [&](std::int64_t n) { return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(n)); };
  Indices out;
  const Dims commons[] = {{}, {3}, {2, 3}, {2, 1}, {1}, {0}};
  const std::int64_t kind = below(5);  // which shapes go together
  std::int64_t count = -1;             // of a mask's true elements
  bool ellipsis = false;
  int d = 0;
  while (d < shape.size() && below(8) != 0) {
    const std::int64_t n = shape[d];
    if (below(6) == 0) out.push_back(NewAxis{});
    if (!ellipsis && below(8) == 0) {
      out.push_back(Ellipsis{});
      ellipsis = true;
      d = std::min<int>(shape.size(), d + static_cast<int>(below(2)));
      continue;
    }
    switch (below(6)) {
      case 0:
        if (n == 0) out.push_back(Slice{});
        else out.push_back(below(2 * n) - n);
        ++d;
        break;
      case 1:
      case 2: {
        auto bound = [&]() -> std::optional<std::int64_t> {
          return below(3) ? std::optional(below(2 * n + 3) - n - 1) : std::nullopt;
        };
        const std::int64_t steps[] = {1, 1, 2, -1, -2, 3};
        const auto a = bound(), b = bound();
        out.push_back(Slice{a, b, steps[below(6)]});
        ++d;
        break;
      }
      case 3:
      case 4: {
        if (n == 0 || count >= 0) {
          out.push_back(Slice{});
          ++d;
          break;
        }
        Dims c = kind == 0   ? commons[below(2)]
                 : kind == 1 ? commons[2 + below(2)]
                 : kind == 2 ? commons[1]
                 : kind == 3 ? commons[below(2) * 5]
                             : commons[4];
        std::vector<std::int64_t> v;
        for (std::int64_t i = 0; i < c.product(); ++i) v.push_back(below(2 * n) - n);
        const DType dtypes[] = {DType::int64, DType::int32, DType::int8, DType::int16};
        Tensor x = ints(c, v, dtypes[below(4)]);
        out.push_back(laid_out(x, static_cast<int>(below(4))));
        ++d;
        break;
      }
      default: {
        const int span = static_cast<int>(below(std::min<std::int64_t>(3, shape.size() - d + 1)));
        bool tensors = false;
        for (const Index& i : out) tensors = tensors || std::holds_alternative<Tensor>(i);
        if (tensors) {
          out.push_back(Slice{});
          ++d;
          break;
        }
        Dims c(
            std::span<const std::int64_t>(shape).subspan(static_cast<std::size_t>(d), static_cast<std::size_t>(span)));
        std::vector<std::int64_t> v;
        for (std::int64_t i = 0; i < c.product(); ++i) v.push_back(below(2));
        count = std::count(v.begin(), v.end(), 1);
        out.push_back(laid_out(bools(c, v), static_cast<int>(below(4))));
        d += span;
      }
    }
  }
  // What an ellipsis stands for is known only if the rest is spelled out.
  for (; ellipsis && d < shape.size(); ++d) out.push_back(Slice{});
  return out;
}

TEST(Index, Random) {
  std::mt19937_64 random(3);
  const Dims shapes[] = {{5}, {3, 4}, {2, 3, 4}, {4, 1, 3, 2}, {2, 2, 3, 2, 2}, {0, 3}, {3, 0, 2}, {}};
  for (int k = 0; k < 4000; ++k) {
    const Dims& shape = shapes[random() % 8];
    const Indices indices = random_indices(random, shape);
    SCOPED_TRACE(k);
    const Tensor t = laid_out(counting(shape), static_cast<int>(random() % 4));
    check_index(t, indices);
    for (int way = 0; way < 4; ++way)
      check_put(laid_out(counting(shape), static_cast<int>(random() % 4)), indices, way & 1, way & 2);
    if (HasFatalFailure() || HasNonfatalFailure()) break;
  }
}

TEST(Index, EveryDtype) {
  const Tensor at = ints({4}, {3, 0, -1, 3}), mask = bools({4}, {1, 0, 1, 1});
  for (int d = 0; d < kDTypes; ++d) {
    const auto dtype = static_cast<DType>(d);
    SCOPED_TRACE(std::string(name(dtype)));
    const Tensor t = counting({4}, dtype);
    const auto v = values(t);
    EXPECT_EQ(values(take(t, at)), (std::vector{v[3], v[0], v[3], v[3]}));
    EXPECT_EQ(values(masked_select(t, mask)), (std::vector{v[0], v[2], v[3]}));
    const Tensor rows = counting({4, 3}, dtype);
    EXPECT_EQ(values(index_select(rows, 0, at)),
              values(reshape(take(rows, ints({12}, {9, 10, 11, 0, 1, 2, 9, 10, 11, 9, 10, 11})), {4, 3})));
    EXPECT_EQ(values(index_select(laid_out(rows, 1), 1, ints({2}, {2, 0}))),
              values(take(rows, ints({8}, {2, 0, 5, 3, 8, 6, 11, 9}))));
    Tensor filled = t.clone();
    const Index m[] = {mask};
    index_put_(filled, m, Tensor::of(1));
    EXPECT_EQ(values(filled), (std::vector{1.0, v[1], 1.0, 1.0}));
    index_put_(filled, m, to(ints({3}, {1, 0, 1}), dtype));
    EXPECT_EQ(values(filled), (std::vector{1.0, v[1], 0.0, 1.0}));
    const Tensor zeros_ = full({4}, 0, dtype);
    const double three = is_bool(dtype) ? 1 : 3;
    EXPECT_EQ(values(scatter_add(zeros_, 0, at, full({4}, 1, dtype))), (std::vector{1.0, 0.0, 0.0, three}));
    EXPECT_EQ(values(nonzero(filled)), (std::vector<double>{0, 1, 3}));
    EXPECT_EQ(values(masked_fill(t, mask, 1)), (std::vector{1.0, v[1], 1.0, 1.0}));
  }
}

TEST(Index, BasicIsAView) {
  Tensor t = counting({3, 4});
  const Indices at{Slice{{}, {}, -1}, std::int64_t{1}};
  Tensor v = index(t, at);
  EXPECT_TRUE(v.shares_storage(t));
  EXPECT_EQ(v.strides(), (Dims{-4}));
  index_put_(t, at, ints({3}, {7, 8, 9}));
  EXPECT_EQ(values(v), (std::vector<double>{7, 8, 9}));
  EXPECT_EQ(values(t)[9], 7);
  index_put_(t, at, make<double>({1, 1}, {0.5}), true);  // leading ones are dropped
  EXPECT_EQ(values(v), (std::vector<double>{7.5, 8.5, 9.5}));
  const Index dots[] = {Ellipsis{}};
  EXPECT_TRUE(index(t, dots).shares_storage(t));
  EXPECT_FALSE(index(t, dots).is_same(t));
  const Index copy[] = {ints({}, {1})};
  EXPECT_FALSE(index(t, copy).shares_storage(t));
}

TEST(Index, Errors) {
  Tensor t = counting({2, 3});
  auto get = [&](const Indices& i) { return [&t, i] { index(t, i); }; };
  expect_error<IndexError>(get({std::int64_t{2}}), "index 2 is out of range for dimension 0 of size 2");
  expect_error<IndexError>(get({Slice{}, std::int64_t{-4}}), "index -4 is out of range for dimension 1 of size 3");
  expect_error<IndexError>(get({NewAxis{}, std::int64_t{0}, ints({2}, {0, 3})}),
                           "index 3 is out of range for dimension 1 of size 3");
  expect_error<IndexError>(get({ints({2}, {0, -3})}), "index -3 is out of range for dimension 0 of size 2");
  expect_error<IndexError>(get({make<std::uint64_t>({1}, {~0ull})}), "out of range for dimension 0");
  expect_error<IndexError>(get({std::int64_t{0}, std::int64_t{0}, std::int64_t{0}}), "too many indices: 3");
  expect_error<IndexError>(get({bools({2, 3}, {1, 1, 1, 1, 1, 1}), Slice{}}), "too many indices: 3");
  expect_error<IndexError>(get({bools({3}, {1, 1, 1})}),
                           "a mask of shape (3,) does not fit the shape (2, 3) at dimension 0");
  expect_error<IndexError>(get({Ellipsis{}, Ellipsis{}}), "one ellipsis");
  expect_error<IndexError>(get({ints({2}, {0, 0}), ints({3}, {0, 0, 0})}), "(2,) and (3,) do not broadcast");
  expect_error<TypeError>(get({make<double>({1}, {0})}), "got a tensor of float64");
  expect_error<ValueError>(get({Slice{{}, {}, 0}}), "step");
  // Nothing is written when something is wrong.
  const auto before = values(t);
  auto put = [&](const Indices& i, const Tensor& v) { return [&t, i, v] { index_put_(t, i, v); }; };
  expect_error<IndexError>(put({ints({3}, {0, 1, 2})}, Tensor::of(9)), "index 2");
  expect_error<ShapeError>(put({ints({2}, {0, 1})}, counting({2, 2})), "values of shape (2, 2)");
  expect_error<ShapeError>(put({bools({2, 3}, {1, 0, 1, 0, 0, 1})}, counting({2})), "values of shape (2,)");
  expect_error<DtypeError>(put({ints({1}, {0})}, Tensor::of(complex128{1, 1})), "complex");
  EXPECT_EQ(values(t), before);
  Tensor locked = from_blob(t.data(), {2, 3}, t.dtype(), nullptr, nullptr, true);
  const Index at[] = {ints({1}, {0})};
  expect_error<ReadOnlyError>([&] { index_put_(locked, at, Tensor::of(1)); }, "read-only");
  Tensor leaf = counting({3}).set_requires_grad(true);
  expect_error<GradError>([&] { index_put_(leaf, at, Tensor::of(1)); }, "leaf");
  Tensor wide = expand(counting({1}), {3});
  expect_error<RuntimeError>([&] { index_put_(wide, at, Tensor::of(1)); }, "share memory");
  expect_error<ShapeError>([&] { gather(counting({2, 3}), 1, ints({3, 1}, {0, 0, 0})); }, "larger");
  expect_error<IndexError>([&] { gather(counting({2, 3}), 1, ints({2, 1}, {0, 3})); },
                           "index 3 is out of range for dimension 1");
}

TEST(Index, ReadsBeforeItWrites) {
  Tensor t = ints({4}, {1, 2, 3, 0});
  const Index self[] = {t};
  index_put_(t, self, t);  // t[t] = t
  EXPECT_EQ(values(t), (std::vector<double>{0, 1, 2, 3}));
  Tensor u = counting({5});
  const Index at[] = {ints({4}, {1, 2, 3, 4})};
  index_put_(u, at, slice(u, 0, 0, 4));
  EXPECT_EQ(values(u), (std::vector<double>{0, 0, 1, 2, 3}));
}

// Large enough for threads: the last of equal indices wins and sums have the same bits, for any number of
// threads.
TEST(Index, Threads) {
  constexpr std::int64_t n = 300000, m = 20011;
  std::mt19937_64 random(5);
  std::vector<std::int64_t> at(n);
  std::vector<float> v(n), put(m), sum(m);
  for (std::int64_t i = 0; i < n; ++i) {
    at[static_cast<std::size_t>(i)] = static_cast<std::int64_t>(random() % m);
    v[static_cast<std::size_t>(i)] = static_cast<float>(random() % 1000) * 0.37f;
  }
  for (std::size_t i = 0; i < n; ++i) {
    put[static_cast<std::size_t>(at[i])] = v[i];
    sum[static_cast<std::size_t>(at[i])] += v[i];
  }
  const Index indices[] = {ints({n}, at)};
  const Tensor source = make<float>({n}, v);
  for (int threads : {1, 2, 3, 7}) {
    set_num_threads(threads);
    Tensor p = full({m}, 0, DType::float32), a = p.clone();
    index_put_(p, indices, source);
    index_put_(a, indices, source, true);
    EXPECT_TRUE(std::equal(put.begin(), put.end(), p.data<float>())) << threads;
    EXPECT_TRUE(std::equal(sum.begin(), sum.end(), a.data<float>())) << threads;
    const Tensor taken = take(p, std::get<Tensor>(indices[0]));
    for (std::size_t i = 0; i < n; ++i) ASSERT_EQ(taken.data<float>()[i], put[static_cast<std::size_t>(at[i])]);
    // Long rows, shared column by column.
    Tensor rows = full({3, 40000}, 0, DType::float32);
    const Index r[] = {ints({4}, {2, 0, 2, -1})};
    index_put_(rows, r, reshape(slice(source, 0, 0, 160000), {4, 40000}), true);
    for (std::size_t j = 0; j < 40000; ++j) {
      ASSERT_EQ(rows.data<float>()[80000 + j], v[j] + v[80000 + j] + v[120000 + j]);
      ASSERT_EQ(rows.data<float>()[j], v[40000 + j]);
    }
    // Indices behind a dimension of their own: each thread has some of its rows.
    Tensor table = full({50, 3000}, 0, DType::float32);
    const Index behind[] = {Slice{}, remainder(slice(std::get<Tensor>(indices[0]), 0, 0, 4000), 3000)};
    index_put_(table, behind, reshape(slice(source, 0, 0, 200000), {50, 4000}), true);
    std::vector<float> expected(150000);
    for (std::size_t i = 0; i < 50; ++i)
      for (std::size_t j = 0; j < 4000; ++j)
        expected[i * 3000 + static_cast<std::size_t>(at[j] % 3000)] += v[i * 4000 + j];
    EXPECT_TRUE(std::equal(expected.begin(), expected.end(), table.data<float>())) << threads;
    const Tensor back = index(rows, r);
    for (std::size_t j = 0; j < 40000; ++j) ASSERT_EQ(back.data<float>()[j], rows.data<float>()[80000 + j]);
  }
  set_num_threads(0);
}

TEST(Index, GatherAndScatter) {
  std::mt19937_64 random(2);
  const Dims shape{3, 4, 5};
  for (int dim = 0; dim < 3; ++dim) {
    for (int layout = 0; layout < 4; ++layout) {
      Dims part{2, 3, 4};
      part[dim] = 6;
      const Tensor t = laid_out(counting(shape), layout);
      std::vector<std::int64_t> v(static_cast<std::size_t>(part.product()));
      for (auto& x : v) x = static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(shape[dim]));
      const Tensor at = laid_out(ints(part, v), layout), source = random_values(part, 4);
      const Tensor got = gather(t, dim, at);
      ASSERT_EQ(got.shape(), part);
      const auto from = values(t), g = values(got), src = values(source);
      auto put = from, sum = from;
      for (std::int64_t i = 0, f = 0; i < part[0]; ++i)
        for (std::int64_t j = 0; j < part[1]; ++j)
          for (std::int64_t k = 0; k < part[2]; ++k, ++f) {
            const std::int64_t x = v[static_cast<std::size_t>(f)];
            const auto p =
                static_cast<std::size_t>((dim == 0 ? x : i) * 20 + (dim == 1 ? x : j) * 5 + (dim == 2 ? x : k));
            ASSERT_EQ(g[static_cast<std::size_t>(f)], from[p]);
            put[p] = src[static_cast<std::size_t>(f)];
            sum[p] += src[static_cast<std::size_t>(f)];
          }
      EXPECT_EQ(values(scatter(t, dim, at, source)), put);
      EXPECT_EQ(values(scatter_add(t, dim, at, source)), sum);
      EXPECT_EQ(values(t), values(counting(shape)));
    }
  }
  EXPECT_EQ(values(gather(Tensor::of(3.0), 0, ints({}, {0}))), (std::vector{3.0}));
  EXPECT_EQ(values(take(counting({2, 3}), ints({2, 2}, {5, -6, 1, 2}))), (std::vector<double>{5, 0, 1, 2}));
  EXPECT_EQ(take(counting({2, 3}), ints({2, 2}, {0, 0, 1, 2}), 1).shape(), (Dims{2, 2, 2}));
}

TEST(Index, Gradients) {
  const Tensor x = random_values({3, 4}, 1), y = random_values({2, 3}, 2);
  const Tensor twice = ints({3}, {2, 0, 2}), mask = bools({3, 4}, {1, 0, 0, 1, 1, 1, 0, 0, 0, 0, 1, 0});
  const std::vector<Indices> cases = {{Slice{{}, {}, -1}, std::int64_t{1}},
                                      {twice},
                                      {Slice{}, twice},
                                      {twice, ints({3}, {1, 1, 1})},
                                      {mask},
                                      {bools({3}, {1, 0, 1})},
                                      {Slice{1, {}}, ints({2, 2}, {0, 0, 3, 0})},
                                      {NewAxis{}, twice, NewAxis{}, Slice{{}, {}, 2}},
                                      {twice, NewAxis{}, std::int64_t{-1}},
                                      {bools({}, {1}), Slice{}, twice}};
  for (std::size_t k = 0; k < cases.size(); ++k) {
    SCOPED_TRACE(k);
    const Indices& at = cases[k];
    check_gradients([&](const auto& in) { return index(square(in[0]), at); }, {x});
    const Dims shape = index(x, at).shape();
    for (bool accumulate : {false, true}) {
      const Function put = [&](const auto& in) {
        Tensor t = mul(in[0], in[0]);
        index_put_(t, at, square(in[1]), accumulate);
        return mul(t, in[0]);
      };
      check_gradients(put, {x, random_values(shape, 3)});
      // Into a view: the base's history follows.
      check_gradients(
          [&](const auto& in) {
            const Tensor base = square(in[0]);
            Tensor view_ = slice(base, 0, 1, 4);
            index_put_(view_, at, square(in[1]), accumulate);
            return mul(base, add(base, 1));
          },
          {random_values({5, 4}, 8), random_values(shape, 3)});
    }
  }
  check_gradients([&](const auto& in) { return take(square(in[0]), ints({5}, {1, 1, 7, -1, 1})); }, {x});
  check_gradients([&](const auto& in) { return index_select(square(in[0]), 1, twice); }, {x});
  check_gradients([&](const auto& in) { return gather(square(in[0]), 1, ints({2, 3}, {0, 0, 3, 1, 1, 1})); }, {x});
  const Tensor at = ints({2, 3}, {0, 1, 0, 0, 1, 2});
  check_gradients([&](const auto& in) { return scatter(square(in[0]), 0, at, square(in[1])); }, {x, y});
  check_gradients([&](const auto& in) { return scatter_add(square(in[0]), 0, at, square(in[1])); }, {x, y});
  // Values that are repeated collect the gradients of all their copies.
  check_gradients(
      [&](const auto& in) {
        Tensor t = square(in[0]);
        const Index at[] = {twice};
        index_put_(t, at, square(in[1]), true);
        index_put_(t, at, square(slice(in[1], 0, 0, 1)));
        return square(t);
      },
      {x, random_values({1, 4}, 6)});
  check_gradients([&](const auto& in) { return masked_select(square(in[0]), mask); }, {x});
  check_gradients([&](const auto& in) { return masked_fill(square(in[0]), mask, 2.0); }, {x});
}

TEST(Index, GradientsKnowTheirIndices) {
  Tensor x = counting({3}).set_requires_grad(true), at = ints({2}, {0, 1});
  const Index indices[] = {at};
  const Tensor y = index(x, indices);
  fill_(at, 2);
  expect_error<GradError>([&] { y.backward(full({2}, 1, DType::float64)); }, "index");
  // Many gradients of one element, in half precision: added up in float32.
  Tensor h = full({1}, 1, DType::float16).set_requires_grad(true);
  take(h, full({4096}, 0, DType::int64)).backward(full({4096}, 1, DType::float16));
  EXPECT_EQ(values(h.grad())[0], 4096);
}

}  // namespace
}  // namespace tenon
