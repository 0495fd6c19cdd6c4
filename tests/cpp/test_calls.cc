// What the calls of a backend say of themselves: their operands, what they reach of them, and their arrays.
#include <string>

#include "helpers.h"
#include "plan/index.h"
#include "plan/lines.h"
#include "plan/matmul.h"
#include "tenon/backend.h"

namespace tenon {
namespace {

using test::counting;

struct Region {
  std::string what;
  const void* data;
  std::int64_t low, high;
  bool empty;
};
template <class Call>
std::vector<Region> operands_of(Call c) {
  std::vector<Region> out;
  c.operands([&](const char* what, auto*& p, const Reach& r) { out.push_back({what, p, r.low, r.high, r.empty}); });
  return out;
}
// The reach is that of the tensor's elements.
void expect_reach(const Region& o, const Tensor& t) {
  const ByteRange range = *byte_range(t.shape(), t.strides(), t.dtype());
  EXPECT_EQ(o.data, t.data()) << o.what;
  EXPECT_EQ(o.empty, t.numel() == 0) << o.what;
  if (!o.empty) {
    EXPECT_EQ(o.low, range.low) << o.what;
    EXPECT_EQ(o.high, range.high) << o.what;
  }
}

TEST(Calls, OnLinesReachAllElements) {
  const Tensor base = counting({4, 5, 6}), out = empty({4, 5, 3}, DType::float32);
  for (int dim = 0; dim < 3; ++dim) {
    const Tensor in = slice(flip(base, Dims{0, 2}), 2, {}, {}, 2);
    const auto got = operands_of(plan_scan(Scan::sum, in, dim, out));
    ASSERT_EQ(got.size(), 2u);
    EXPECT_EQ(got[0].what, "the output");
    expect_reach(got[0], out);
    expect_reach(got[1], in);
  }
  const Tensor none = empty({0, 3}, DType::float32);
  for (const Region& o : operands_of(plan_softmax(false, none, 1, none))) EXPECT_TRUE(o.empty);
}

TEST(Calls, OfProductsReachEveryMatrix) {
  const Tensor a = T(counting({5, 3})), b = slice(counting({5, 8}), 1, {}, {}, -2);
  const MatmulPlan plan(a, b);
  const Tensor out = empty(plan.shape(), DType::float64);
  const auto got = operands_of(plan.call(out));
  ASSERT_EQ(got.size(), 3u);
  expect_reach(got[0], out);
  expect_reach(got[1], a);
  expect_reach(got[2], b);
}

TEST(Calls, OfIndicesHaveArraysOfTheirOwn) {
  const Tensor base = counting({6, 4}), at = test::tensor<std::int64_t>({5, 0, 2});
  const std::vector<IndexTensor> indices{{at, 0, 0, false, true}};
  const IndexShape shape = index_shape("test", base.shape(), indices, false);
  const Tensor values = empty(shape.result, base.dtype());
  const IndexPlan plan(IndexMode::get, base, indices, shape, values);
  const auto got = operands_of(plan.call());
  ASSERT_EQ(got.size(), 3u);
  expect_reach(got[0], values);
  EXPECT_EQ(got[1].high, 4 * 8);  // of the base, the row that an index is added to
  expect_reach(got[2], at);

  // Copied array by array, the call depends on nothing of the plan's.
  IndexCall c = plan.call();
  std::vector<std::vector<char>> kept;
  c.arrays([&](auto*& p, std::int64_t n) {
    using T = std::remove_const_t<std::remove_pointer_t<std::remove_reference_t<decltype(p)>>>;
    const auto* bytes = reinterpret_cast<const char*>(p);
    kept.emplace_back(bytes, bytes + n * static_cast<std::int64_t>(sizeof(T)));
    p = reinterpret_cast<T*>(kept.back().data());
  });
  EXPECT_EQ(kept.size(), 5u);
  EXPECT_NE(c.indices, plan.call().indices);
  EXPECT_NE(c.indices[0].loop_strides, plan.call().indices[0].loop_strides);
  EXPECT_EQ(c.indices[0].data, at.data<std::int64_t>());
  c.indices[0].checked = true;
  ASSERT_EQ(backend(kCpu).index({}, "test", c), Status::ok);
  EXPECT_EQ(test::values(values), test::values(take(base, at, 0)));
}

TEST(Calls, NameOnlyOperandsThatAreThere) {
  SortCall c{};
  c.dtype = DType::float32;
  c.rows = 2, c.n = 3;
  EXPECT_EQ(operands_of(c).size(), 1u);  // neither values nor indices are wanted
  std::int64_t at[6];
  c.indices = at;
  const auto got = operands_of(c);
  ASSERT_EQ(got.size(), 2u);
  EXPECT_EQ(got[1].what, "the indices");
  EXPECT_EQ(got[1].high, 48);
  ElementwiseCall e{};
  e.arity = 2;
  e.dtype[0] = e.dtype[1] = e.dtype[2] = DType::float64;
  e.immediate[1] = true;
  ASSERT_EQ(operands_of(e).size(), 2u);
  EXPECT_EQ(operands_of(e)[1].what, "operand 2");
}

}  // namespace
}  // namespace tenon
