// What goes wrong on a device becomes an exception with the operation's name, and everything else stays usable.
#include "sim.h"

#include <cstdio>
#include <cstdlib>

#include "tenon/backend_abi.h"

namespace {

using namespace tenon;
using test::counting;
using test::kCuda;
using test::kSecond;
using test::message;
using test::values;

using Failures = test::SimTest;

void expect_works(Device d) {
  EXPECT_EQ(values(add(full({3}, 2, DType::float64, d), 1).to(kCpu)), (std::vector<double>{3, 3, 3})) << d.str();
}

TEST_F(Failures, NoMemory) {
  test::fail_allocations(kCuda, 1);
  EXPECT_EQ(message<OutOfMemoryError>([] {
              empty({5}, DType::float64, kCuda);
            }).find("allocate: out of memory on cuda:0; 40 bytes were asked for, tensors have "),
            0u);
  for (const Device d : {kCuda, kSecond, kCpu}) expect_works(d);
  const Tensor x = counting({5}).to(kCuda);
  test::fail_allocations(kCuda, 1);
  EXPECT_THROW(exp(x), OutOfMemoryError);
  EXPECT_EQ(values(x.to(kCpu)), values(counting({5})));
}

TEST_F(Failures, MemoryIsCountedAndLimited) {
  const MemoryStatistics before = memory_statistics(kCuda);
  reset_memory_peaks(kCuda);
  const auto bytes = [](const MemoryStatistics& s) { return s.at(MemoryCount::allocated_bytes); };
  {
    const Tensor x = empty({1 << 20}, DType::uint8, kCuda);
    EXPECT_EQ(bytes(memory_statistics(kCuda)).current, bytes(before).current + (1 << 20));
    EXPECT_EQ(device_at(DeviceType::cuda, x.data()), kCuda);
    EXPECT_EQ(device_at(DeviceType::cuda, &before), kCpu);
    limit_memory(kCuda, memory_statistics(kCuda).at(MemoryCount::reserved_bytes).current);
    EXPECT_THROW(empty({1}, DType::float32, kCuda), OutOfMemoryError);
    limit_memory(kCuda, 0);
    expect_works(kCuda);
  }
  empty_cache(kCuda);
  const MemoryStatistics after = memory_statistics(kCuda);
  EXPECT_EQ(bytes(after).current, bytes(before).current);
  EXPECT_GE(bytes(after).peak, bytes(before).current + (1 << 20));
  EXPECT_EQ(after.out_of_memory, before.out_of_memory + 1);
  EXPECT_THROW(memory_statistics(kCpu), DeviceError);
  EXPECT_THROW(empty_cache({DeviceType::cuda, 7}), DeviceError);
}

TEST_F(Failures, ARefusedLaunch) {
  Tensor x = counting({5}).to(kCuda);
  test::fail_launches(kCuda, 1, false);
  EXPECT_EQ(message<DeviceError>([&] { add(x, 1); }), "add: failed on cuda:0: the driver refused the launch");
  test::fail_launches(kCuda, 1, false);
  EXPECT_EQ(message<DeviceError>([&] { sum(x); }), "sum: failed on cuda:0: the driver refused the launch");
  test::fail_launches(kCuda, 1, false);
  EXPECT_EQ(message<DeviceError>([&] { x[0].item(); }).substr(0, 5), "item:");
  test::fail_launches(kCuda, 1, false);
  EXPECT_EQ(message<DeviceError>([&] { x.to(kCpu); }), "to: failed on cuda:0: the driver refused the copy");
  EXPECT_EQ(values(x.to(kCpu)), values(counting({5})));
  for (const Device d : {kCuda, kSecond, kCpu}) expect_works(d);
}

TEST_F(Failures, ALateFailureIsRaisedByTheNextWaitAndNamesTheOperation) {
  const char* expected =
      "mul on cuda:0: the launch failed, which is known only now; set TENON_SYNC=1 to have each call wait and raise its "
      "own error";
  const Tensor x = counting({5}).to(kCuda);
  synchronize(kCuda);
  const auto fail_late = [&] {
    test::fail_launches(kCuda, 1, true);
    return mul(x, 2);
  };
  Tensor y = fail_late();  // returns
  EXPECT_EQ(message<DeviceError>([&] { synchronize(kCuda); }), expected);
  synchronize(kCuda);  // it is told of once
  y = fail_late();
  EXPECT_EQ(message<DeviceError>([&] { y.to(kCpu); }), expected);
  y = fail_late();
  EXPECT_EQ(message<DeviceError>([&] { x[0].item(); }), expected);
  y = fail_late();
  EXPECT_EQ(message<DeviceError>([&] { synchronize(Stream{kCuda}); }), expected);
  y = fail_late();
  Event e;
  e.record({kCuda});
  EXPECT_EQ(message<DeviceError>([&] { e.synchronize(); }), expected);
  y = fail_late();
  expect_works(kSecond);
  expect_works(kCpu);
  EXPECT_THROW(masked_select(x, gt(x, 1)), DeviceError);  // waits for the number of true elements
  expect_works(kCuda);
}

TEST_F(Failures, ALostDevice) {
  const Tensor x = counting({5}).to(kCuda);
  synchronize(kCuda);
  test::lose(kCuda, true);
  for (const auto& use : std::vector<std::function<void()>>{
           [&] { add(x, 1); }, [&] { empty({1}, DType::float32, kCuda); }, [&] { x.to(kCpu); }, [&] { x.to(kSecond); },
           [&] { synchronize(kCuda); }, [&] { Event().record({kCuda}); }, [&] { counting({2}).to(kCuda); }})
    EXPECT_NE(message<DeviceError>(use).find("failed on cuda:0: the device was lost"), std::string::npos);
  expect_works(kCpu);
  expect_works(kSecond);
  { const Tensor gone = x.detach(); }  // tensors end all the same
  test::lose(kCuda, false);
  expect_works(kCuda);
}

TEST_F(Failures, IndicesAreCheckedOnTheDevice) {
  const Tensor x = counting({4, 5}).to(kCuda);
  const auto at = [](std::vector<std::int64_t> v) { return test::tensor<std::int64_t>(v).to(kCuda); };
  const Tensor good = at({0, -1, 3}), high = at({0, 4}), low = at({-5, 1});
  const auto moved = to_host();
  const Index rows[] = {good};
  const Tensor y = index(x, rows);
  EXPECT_EQ(to_host(), moved);  // nothing is read back
  EXPECT_EQ(values(y.to(kCpu)), values(index_select(counting({4, 5}), 0, test::tensor<std::int64_t>({0, 3, 3}))));

  const auto fails = [&](const char* expected, auto&& f) {
    f();
    EXPECT_EQ(message<IndexError>([] { synchronize(kCuda); }), expected);
    synchronize(kCuda);
  };
  fails("index on cuda:0: index 4 is out of range for dimension 0 of size 4", [&] {
    const Index i[] = {high};
    index(x, i);
  });
  fails("index on cuda:0: index -5 is out of range for dimension 0 of size 4", [&] {
    const Index i[] = {low};
    index(x, i);
  });
  fails("index on cuda:0: index 7 is out of range for dimension 1 of size 5", [&] {
    const Index i[] = {good, at({1, 2, 7})};
    index(x, i);
  });
  fails("gather on cuda:0: index 4 is out of range for dimension 0 of size 4",
        [&] { gather(x, 0, reshape(high, {1, 2})); });
  fails("take on cuda:0: index 20 is out of range for dimension 0 of size 20", [&] { take(x, at({20})); });
  fails("index_put_ on cuda:0: index 9 is out of range for dimension 0 of size 4", [&] {
    Tensor z = x.clone();
    const Index i[] = {at({9})};
    index_put_(z, i, ones({5}, DType::float64, kCuda));
  });
  const Tensor unsigned_index = tenon::to(at({-1}), DType::uint64);
  fails("index on cuda:0: index -1 is out of range for dimension 0 of size 4", [&] {
    const Index i[] = {unsigned_index};
    index(x, i);
  });
  fails("index on cuda:0: index 0 is out of range for dimension 0 of size 0", [&] {
    const Index i[] = {at({0})};
    index(empty({0}, DType::float64, kCuda), i);
  });
  // A wait for something else tells of it, too, and the values of the base are as before.
  const Index i[] = {high};
  index(x, i);
  EXPECT_THROW(x.to(kCpu), IndexError);
  EXPECT_EQ(values(x.to(kCpu)), values(counting({4, 5})));
  EXPECT_THROW(index(counting({3}), std::vector<Index>{test::tensor<std::int64_t>({3})}),
               IndexError);  // the CPU's at once
}

TEST(Registry, RefusesTablesThatItDoesNotKnow) {
  Backend table{};
  table.abi = kBackendAbi + 1;
  const auto refused = [&] { return message<DeviceError>([&] { register_backend(DeviceType::cuda, &table); }); };
  EXPECT_NE(refused().find("the table was built for tenon (no version) with ABI "), std::string::npos) << refused();
  table.abi = kBackendAbi;
  table.version = "99.0.1";
  EXPECT_NE(refused().find("the table was built for tenon 99.0.1 with ABI "), std::string::npos) << refused();
  EXPECT_NE(refused().find(", this is tenon "), std::string::npos) << refused();
  table.version = nullptr;
  EXPECT_THROW(register_backend(DeviceType::cpu, &table), RuntimeError);
}

int with_a_table_of_its_own() {
  static Backend table{};
  table.abi = kBackendAbi;
  table.name = "own";
  table.device_count = []() noexcept { return 1; };
  table.last_error = [](int, Failure* out) noexcept { *out = Failure{}; };
  table.allocate = [](Stream, std::int64_t bytes, void** out) noexcept {
    *out = std::malloc(static_cast<std::size_t>(bytes));
    return *out ? Status::ok : Status::out_of_memory;
  };
  table.free = [](Stream, void* data, std::int64_t) noexcept {
    std::free(data);
    return Status::ok;
  };
  register_backend(DeviceType::cuda, &table);
  if (!is_available(DeviceType::cuda) || device_count(DeviceType::cuda) != 1) return 2;
  const Tensor t = empty({3}, DType::float32, kCuda);
  try {
    sum(t);  // the table has no such entry
  } catch (const NotImplemented& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 0;
  }
  return 3;
}

TEST(RegistryDeathTest, TakesAProgramsOwnTable) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");  // a fresh process, which has looked for no backend yet
  EXPECT_EXIT(std::exit(with_a_table_of_its_own()), testing::ExitedWithCode(0),
              "sum: not available on cuda:0 for float32; use .cpu\\(\\)");
}

}  // namespace
