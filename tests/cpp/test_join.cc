// Joining, splitting and repeating.
#include "numeric.h"

namespace tenon {
namespace {

using namespace testing;

std::vector<std::int64_t> coordinates_of(std::int64_t flat, const Dims& shape) {
  std::vector<std::int64_t> at(static_cast<std::size_t>(shape.size()));
  for (int d = shape.size() - 1; d >= 0; --d) {
    at[static_cast<std::size_t>(d)] = flat % shape[d];
    flat /= shape[d];
  }
  return at;
}
double value_at(const Tensor& t, const std::vector<std::int64_t>& at) {
  std::int64_t flat = 0;
  for (int d = 0; d < t.ndim(); ++d) flat = flat * t.shape()[d] + at[static_cast<std::size_t>(d)];
  return values(t)[static_cast<std::size_t>(flat)];
}

TEST(Join, Cat) {
  for (int dim = 0; dim < 3; ++dim) {
    for (int layout = 0; layout < 4; ++layout) {
      std::vector<Tensor> ts;
      for (std::int64_t n : {2, 0, 1, 3}) {
        Dims shape{2, 3, 4};
        shape[dim] = n;
        ts.push_back(laid_out(add(counting(shape), 100 * n), layout));
      }
      const Tensor y = cat(ts, dim - 3);
      ASSERT_EQ(y.size(dim), 6);
      const auto v = values(y);
      for (std::int64_t i = 0; i < y.numel(); ++i) {
        auto at = coordinates_of(i, y.shape());
        std::size_t which = 0;
        auto& k = at[static_cast<std::size_t>(dim)];
        while (k >= ts[which].size(dim)) k -= ts[which++].size(dim);
        ASSERT_EQ(v[static_cast<std::size_t>(i)], value_at(ts[which], at)) << dim << layout;
      }
      // Parts of the result are the inputs again.
      const auto parts = split(y, Dims{2, 0, 1, 3}, dim);
      for (std::size_t k = 0; k < 4; ++k) {
        EXPECT_EQ(values(parts[k]), values(ts[k]));
        EXPECT_TRUE(parts[k].shares_storage(y));
      }
    }
  }
}

TEST(Join, Dtypes) {
  for (int d = 0; d < kDTypes; ++d) {
    const auto dtype = static_cast<DType>(d);
    const Tensor two[] = {counting({2}, dtype), counting({2}, dtype)};
    EXPECT_EQ(cat(two).dtype(), dtype);
    EXPECT_EQ(values(cat(two)), (std::vector<double>{0, 1, 0, 1}));
    EXPECT_EQ(values(stack(two, 1)), (std::vector<double>{0, 0, 1, 1}));
  }
  const Tensor mixed[] = {ints({2}, {1, 2}), make<float>({1}, {0.5f}), bools({1}, {1})};
  EXPECT_EQ(cat(mixed).dtype(), DType::float32);
  EXPECT_EQ(values(cat(mixed)), (std::vector<double>{1, 2, 0.5, 1}));
}

TEST(Join, Large) {
  // Beyond what is copied without threads, among small ones.
  const Tensor ts[] = {counting({3, 70000}), counting({3, 5}), counting({3, 1})};
  const Tensor y = cat(ts, 1);
  for (std::int64_t r = 0; r < 3; ++r) {
    const double* row = y.data<double>() + r * 70006;
    EXPECT_EQ(row[69999], static_cast<double>(r * 70000 + 69999));
    EXPECT_EQ(row[70004], static_cast<double>(r * 5 + 4));
    EXPECT_EQ(row[70005], static_cast<double>(r));
  }
}

TEST(Join, Stack) {
  for (int dim = 0; dim < 3; ++dim) {
    for (int layout = 0; layout < 4; ++layout) {
      std::vector<Tensor> ts;
      ts.reserve(5);
      for (int k = 0; k < 5; ++k) ts.push_back(laid_out(add(counting({2, 3}), 10 * k), layout));
      const Tensor y = stack(ts, dim);
      ASSERT_EQ(y.size(dim), 5);
      const auto back = unbind(y, dim);
      for (std::size_t k = 0; k < 5; ++k) EXPECT_EQ(values(back[k]), values(ts[k]));
    }
  }
  const Tensor numbers[] = {Tensor::of(1), Tensor::of(2)};
  EXPECT_EQ(stack(numbers).shape(), (Dims{2}));
  const Tensor empties[] = {counting({0, 2}), counting({0, 2})};
  EXPECT_EQ(stack(empties, 1).shape(), (Dims{0, 2, 2}));
  EXPECT_EQ(values(hstack(numbers)), (std::vector<double>{1, 2}));
  EXPECT_EQ(vstack(numbers).shape(), (Dims{2, 1}));
  const Tensor rows[] = {counting({2, 1}), counting({2, 3})};
  EXPECT_EQ(values(hstack(rows)), (std::vector<double>{0, 0, 1, 2, 1, 3, 4, 5}));
}

TEST(Join, Errors) {
  using List = std::vector<Tensor>;
  auto joined = [](const List& ts, int dim) { return [ts, dim] { cat(ts, dim); }; };
  expect_error<ValueError>(joined({}, 0), "at least one");
  expect_error<ShapeError>(joined({counting({2, 3}), counting({2, 3}), counting({1, 3})}, 1),
                           "tensor 2 has shape (1, 3), tensor 0 has (2, 3)");
  expect_error<ShapeError>(joined({counting({0}), counting({2, 3}), counting({1, 0})}, 0),
                           "tensor 2 has shape (1, 0), tensor 1 has (2, 3)");
  expect_error<ShapeError>(joined({Tensor::of(1)}, 0), "use stack()");
  expect_error<IndexError>(joined({counting({2})}, 1), "dimension 1");
  expect_error<DtypeError>(joined({counting({2}), counting({2}, DType::float8_e5m2)}, 0), "float8");
  const List two{counting({2}), counting({3})};
  expect_error<ShapeError>([&] { stack(two); }, "tensor 1 has shape (3,)");
  const Tensor t = counting({5});
  expect_error<ShapeError>([&] { split(t, Dims{2, 2}, 0); }, "add up to 4");
  expect_error<ValueError>([&] { split(t, 0, 0); }, "positive");
  expect_error<ValueError>([&] { chunk(t, 0); }, "positive");
  expect_error<ValueError>([&] { tile(t, {-1}); }, "negative");
  expect_error<ValueError>([&] { repeat_interleave(t, -1); }, "negative");
  expect_error<ShapeError>([&] { repeat_interleave(t, ints({2}, {1, 2}), 0); }, "got 2");
  expect_error<DtypeError>([&] { repeat_interleave(t, counting({5}), 0); }, "integers");
  expect_error<ValueError>([&] { roll(counting({2, 2, 2}), {1, 2}, Dims{0, 1, 2}); }, "as many shifts");
  expect_error<ValueError>([&] { rot90(counting({2, 2}), 1, {0, 0}); }, "twice");
}

std::vector<std::int64_t> sizes_of(const std::vector<Tensor>& ts) {
  std::vector<std::int64_t> out;
  out.reserve(ts.size());
  for (const Tensor& t : ts) out.push_back(t.size(0));
  return out;
}

TEST(Join, Split) {
  using Sizes = std::vector<std::int64_t>;
  EXPECT_EQ(sizes_of(split(counting({7, 2}), 3, 0)), (Sizes{3, 3, 1}));
  EXPECT_EQ(sizes_of(split(counting({6}), 3, 0)), (Sizes{3, 3}));
  EXPECT_EQ(sizes_of(split(counting({2}), 5, 0)), (Sizes{2}));
  EXPECT_EQ(sizes_of(split(counting({0}), 5, 0)), (Sizes{0}));
  // As torch.chunk: 7 in 4 is 2, 2, 2, 1; 6 in 4 gives three of 2.
  EXPECT_EQ(sizes_of(chunk(counting({7}), 4)), (Sizes{2, 2, 2, 1}));
  EXPECT_EQ(sizes_of(chunk(counting({6}), 4)), (Sizes{2, 2, 2}));
  EXPECT_EQ(sizes_of(chunk(counting({2}), 3)), (Sizes{1, 1}));
  EXPECT_EQ(sizes_of(chunk(counting({0}), 3)), (Sizes{0, 0, 0}));
}

TEST(Join, Repeat) {
  const Tensor t = counting({2, 3});
  for (const Dims& r : {Dims{2}, Dims{3, 2}, Dims{2, 1, 3}, Dims{0, 2}, Dims{}}) {
    const Tensor y = tile(laid_out(t, 1), r);
    Dims reps = r, from = t.shape();
    while (reps.size() < 2) reps.insert(0, 1);
    while (from.size() < reps.size()) from.insert(0, 1);
    for (int d = 0; d < reps.size(); ++d) ASSERT_EQ(y.size(d), from[d] * reps[d]);
    EXPECT_FALSE(y.shares_storage(t));
    const auto v = values(y);
    for (std::int64_t i = 0; i < y.numel(); ++i) {
      auto at = coordinates_of(i, y.shape());
      for (int d = 0; d < from.size(); ++d) at[static_cast<std::size_t>(d)] %= from[d];
      ASSERT_EQ(v[static_cast<std::size_t>(i)], value_at(reshape(t, from), at));
    }
  }
  EXPECT_EQ(values(repeat_interleave(t, 2)), (std::vector<double>{0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5}));
  EXPECT_EQ(values(repeat_interleave(t, 2, 0)), (std::vector<double>{0, 1, 2, 0, 1, 2, 3, 4, 5, 3, 4, 5}));
  EXPECT_EQ(values(repeat_interleave(t, ints({3}, {0, 2, 1}), -1)), (std::vector<double>{1, 1, 2, 4, 4, 5}));
  EXPECT_EQ(values(repeat_interleave(t, ints({1}, {2}, DType::int8), 1)),
            (std::vector<double>{0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5}));
  EXPECT_EQ(values(repeat_interleave(counting({3}), ints({3}, {2, 0, 1}))), (std::vector<double>{0, 0, 2}));
  EXPECT_EQ(repeat_interleave(t, 0, 1).shape(), (Dims{2, 0}));
  EXPECT_EQ(values(repeat_interleave(Tensor::of(4), 2)), (std::vector<double>{4, 4}));
}

TEST(Join, RollAndRotate) {
  const Tensor t = counting({3, 4});
  for (std::int64_t a : {0, 1, -1, 7, -9}) {
    for (std::int64_t b : {0, 2, -5}) {
      const auto v = values(roll(laid_out(t, 3), {a, b}, Dims{0, -1}));
      for (std::int64_t i = 0; i < 3; ++i)
        for (std::int64_t j = 0; j < 4; ++j)
          ASSERT_EQ(v[static_cast<std::size_t>(((i + a) % 3 + 3) % 3 * 4 + ((j + b) % 4 + 4) % 4)],
                    static_cast<double>(i * 4 + j));
    }
  }
  EXPECT_EQ(values(roll(t, {2})), (std::vector<double>{10, 11, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
  EXPECT_EQ(values(roll(t, {1, 1}, Dims{1, 1})), values(roll(t, {2}, Dims{1})));
  EXPECT_FALSE(roll(t, {0}, Dims{0}).shares_storage(t));
  EXPECT_EQ(roll(counting({0, 2}), {1}, Dims{0}).shape(), (Dims{0, 2}));
  const Tensor m = counting({2, 3});
  EXPECT_EQ(values(rot90(m)), (std::vector<double>{2, 5, 1, 4, 0, 3}));
  EXPECT_EQ(values(rot90(m, 2)), (std::vector<double>{5, 4, 3, 2, 1, 0}));
  EXPECT_EQ(values(rot90(m, -1)), (std::vector<double>{3, 0, 4, 1, 5, 2}));
  EXPECT_EQ(values(rot90(m, 1, {1, 0})), values(rot90(m, 3)));
  EXPECT_EQ(rot90(m, 3).shape(), (Dims{3, 2}));
  EXPECT_EQ(values(rot90(m, 4)), values(m));
}

TEST(Join, Gradients) {
  const Tensor x = random_values({2, 3}, 1), y = random_values({2, 2}, 2);
  check_gradients(
      [](const auto& in) {
        const Tensor ts[] = {square(in[0]), in[1], in[0]};
        return square(cat(ts, 1));
      },
      {x, y});
  check_gradients(
      [](const auto& in) {
        const Tensor ts[] = {square(in[0]), in[0]};
        return square(stack(ts, 1));
      },
      {x});
  check_gradients(
      [](const auto& in) {
        const auto parts = split(square(in[0]), 1, 1);
        const auto rows = unbind(in[0], 0);
        return mul(mul(parts[0], parts[1]), reshape(slice(rows[1], 0, 0, 2), {2, 1}));
      },
      {x});
  check_gradients([](const auto& in) { return square(roll(square(in[0]), {1, -1}, Dims{0, 1})); }, {x});
  check_gradients([](const auto& in) { return square(rot90(square(in[0]))); }, {x});
  check_gradients([](const auto& in) { return repeat_interleave(square(in[0]), ints({3}, {0, 2, 1}), 1); }, {x});
  check_gradients([](const auto& in) { return square(tile(square(in[0]), {2, 1, 2})); }, {x});
  check_gradients([](const auto& in) { return square(repeat_interleave(square(in[0]), 2, 1)); }, {x});
  check_gradients([](const auto& in) { return square(repeat_interleave(square(in[0]), 3)); }, {x});
  // Another dtype than the result's gets its gradient in its own.
  Tensor f = full({2}, 1, DType::float32).set_requires_grad(true);
  const Tensor ts[] = {f, full({1}, 2, DType::float64)};
  const Tensor z = cat(ts);
  EXPECT_EQ(z.dtype(), DType::float64);
  z.backward(full({3}, 3, DType::float64));
  EXPECT_EQ(f.grad().dtype(), DType::float32);
  EXPECT_EQ(values(f.grad()), (std::vector<double>{3, 3}));
}

}  // namespace
}  // namespace tenon
