// Streams and events on the simulated device: order where it must be, overlap where it may be.
#include "sim.h"

#include <thread>

namespace {

using namespace tenon;
using test::counting;
using test::hold;
using test::kCuda;
using test::kSecond;
using test::message;
using test::values;

class Streams : public test::SimTest {
 protected:
  void SetUp() override {
    test::SimTest::SetUp();
    if (IsSkipped()) return;
    a = next_stream(kCuda);
    b = next_stream(kCuda);
    ASSERT_NE(a, b);
    ASSERT_NE(a.index, 0);
    ASSERT_NE(b.index, 0);
  }
  Stream a, b;
};

TEST_F(Streams, EachThreadHasACurrentOneForEachDevice) {
  EXPECT_EQ(current_stream(kCuda), (Stream{kCuda, 0}));
  {
    const StreamGuard guard(a);
    EXPECT_EQ(current_stream(kCuda), a);
    EXPECT_EQ(current_stream(kSecond), (Stream{kSecond, 0}));
    {
      const StreamGuard inner(b);
      EXPECT_EQ(current_stream(kCuda), b);
    }
    EXPECT_EQ(current_stream(kCuda), a);
    std::thread([] { EXPECT_EQ(current_stream(kCuda).index, 0); }).join();
  }
  EXPECT_EQ(current_stream(kCuda).index, 0);
  EXPECT_EQ(current_stream(kCpu), Stream{});
}

TEST_F(Streams, HandlesNameThem) {
  EXPECT_EQ(handle_of({kCuda}), 1u);
  EXPECT_EQ(stream_of(kCuda, 1), (Stream{kCuda, 0}));
  EXPECT_EQ(stream_of(kCuda, handle_of(a)), a);
  const Stream per_thread = stream_of(kCuda, 2);
  EXPECT_NE(per_thread.index, 0);
  EXPECT_EQ(stream_of(kCuda, 2), per_thread);
  const auto foreign = test::simulator<std::uintptr_t(int)>("tenon_sim_foreign_stream")(0);
  EXPECT_EQ(handle_of(stream_of(kCuda, foreign)), foreign);
  EXPECT_NE(message<DeviceError>([] { stream_of(kCuda, 12345); }).find("no stream has this handle"), std::string::npos);
  EXPECT_THROW(next_stream(kCpu), DeviceError);
}

TEST_F(Streams, WorkKeepsTheOrderOfItsStream) {
  const StreamGuard guard(a);
  Tensor x = zeros({64}, DType::int64, kCuda);
  const Operand one[] = {1};
  for (int i = 0; i < 50; ++i) elementwise_(Op::add, x, one);
  for (auto v : values<int>(x.to(kCpu))) ASSERT_EQ(v, 50);
}

TEST_F(Streams, DoNotWaitForEachOther) {
  hold(a, true);
  Tensor late;
  {
    const StreamGuard guard(a);
    late = full({4}, 3, DType::float64, kCuda);
  }
  EXPECT_FALSE(is_done(a));
  EXPECT_EQ(values(full({4}, 2, DType::float64, kCuda).to(kCpu)), (std::vector<double>{2, 2, 2, 2}));  // is not held up
  EXPECT_FALSE(is_done(a));
  hold(a, false);
  synchronize(a);
  EXPECT_TRUE(is_done(a));
  EXPECT_EQ(values(late.to(kCpu)), (std::vector<double>{3, 3, 3, 3}));
}

TEST_F(Streams, EventsOrderThem) {
  for (int round = 0; round < 20; ++round) {
    Tensor x, y;
    Event written, read;
    {
      const StreamGuard guard(a);
      x = zeros({256}, DType::int64, kCuda);
      const Operand one[] = {1};
      for (int i = 0; i < 10; ++i) elementwise_(Op::add, x, one);
      written.record(a);
    }
    {
      const StreamGuard guard(b);
      written.wait(b);
      y = mul(x, 2);
      read.record(b);
    }
    read.wait(a);
    {
      const StreamGuard guard(a);
      fill_(x, -1);
    }
    wait({kCuda}, a);
    EXPECT_EQ(values(y.to(kCpu))[255], 20);
    EXPECT_EQ(values(x.to(kCpu))[0], -1);
    x.storage().record_use(b);
    y.storage().record_use({kCuda});
  }
}

TEST_F(Streams, AnEventIsReachedWhenItsStreamIs) {
  Event e(true), end(true);
  EXPECT_TRUE(e.is_done());
  EXPECT_FALSE(e.recorded());
  EXPECT_THROW(e.elapsed(end), RuntimeError);
  hold(a, true);
  e.record(a);
  end.record(a);
  EXPECT_FALSE(e.is_done());
  EXPECT_THROW(e.elapsed(end), RuntimeError);
  hold(a, false);
  end.synchronize();
  EXPECT_TRUE(e.is_done());
  EXPECT_GE(e.elapsed(end), 0);
  EXPECT_NE(message<DeviceError>([&] { e.record({kSecond}); }).find("the event is one of cuda:0"), std::string::npos);
  Event plain;
  plain.record(a);
  EXPECT_NE(message<RuntimeError>([&] { e.elapsed(plain); }).find("enable_timing"), std::string::npos);
  // Recorded again, it is the later mark that counts.
  hold(a, true);
  e.record(a);
  EXPECT_FALSE(e.is_done());
  hold(a, false);
  e.synchronize();
}

TEST_F(Streams, EventsOrderDevices) {
  hold(a, true);
  Tensor x;
  {
    const StreamGuard guard(a);
    x = full({8}, 5, DType::float32, kCuda);
    const Tensor y = x.to(kSecond);  // the second device's stream waits for the copy
    hold(a, false);
    EXPECT_EQ(values(y.to(kCpu)), std::vector<double>(8, 5));
  }
}

TEST_F(Streams, FreedMemoryWaitsForTheStreamsThatUseIt) {
  // Without record_use the block would serve again at once, overwritten, while the held stream still reads it.
  Tensor x = full({1000}, 7, DType::float64, kCuda);
  synchronize(kCuda);
  hold(b, true);
  Tensor y;
  {
    const StreamGuard guard(b);
    y = add(x, 1);
  }
  x.storage().record_use(b);
  x = Tensor();
  for (int i = 0; i < 20; ++i) full({1000}, -1, DType::float64, kCuda);
  synchronize(Stream{kCuda});
  hold(b, false);
  synchronize(b);
  EXPECT_EQ(values(y.to(kCpu)), std::vector<double>(1000, 8));
}

TEST_F(Streams, SeveralThreadsOnStreamsOfTheirOwn) {
  std::vector<std::thread> threads;
  for (int k = 0; k < 4; ++k)
    threads.emplace_back([k] {
      const StreamGuard guard(next_stream(k % 2 ? kCuda : kSecond));
      const Device d = k % 2 ? kCuda : kSecond;
      for (int i = 0; i < 20; ++i) {
        const Tensor t = full({100}, i + k, DType::float64, d);
        ASSERT_EQ(values(add(t, t).to(kCpu))[99], 2 * (i + k));
      }
    });
  for (auto& t : threads) t.join();
}

TEST_F(Streams, PropertiesAndMemory) {
  const DeviceProperties p = device_properties(kCuda);
  EXPECT_GT(std::string(p.name).size(), 0u);
  EXPECT_GE(p.streams, 2);
  const auto before = memory_info(kCuda);
  const Tensor t = empty({1 << 20}, DType::uint8, kCuda);
  EXPECT_EQ(memory_info(kCuda).free, before.free - (1 << 20));
  EXPECT_EQ(before.total, p.total_memory);
  EXPECT_THROW(device_properties({DeviceType::cuda, 9}), DeviceError);
}

}  // namespace
