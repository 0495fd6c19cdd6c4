// What holds for a tensor on a device, on the simulated one: its memory cannot be read, its work is late.
#include "sim.h"

#include <sys/wait.h>
#include <unistd.h>

#include <ctime>
#include <thread>

#include "tenon/backend.h"

namespace {

using namespace tenon;
using test::counting;
using test::message;
using test::values;

using test::kCuda;
using test::kSecond;

using Sim = test::SimTest;
using SimDeathTest = Sim;

TEST_F(Sim, HasTwoDevices) {
  EXPECT_EQ(device_count(DeviceType::cuda), 2);
  EXPECT_EQ(message<DeviceError>([] { empty({1}, DType::float32, {DeviceType::cuda, 2}); }),
            "device: there is no cuda:2: there are 2 CUDA devices; use device='cpu', or check "
            "tenon.cuda.is_available() first");
}

TEST_F(Sim, MovesTensorsThereAndBack) {
  for (int i = 0; i < kDTypes; ++i) {
    const auto d = static_cast<DType>(i);
    const Tensor t = remainder(counting({3, 4}, DType::int64), 5).to(d);
    const Tensor there = t.to(kCuda);
    EXPECT_EQ(there.device(), kCuda);
    EXPECT_EQ(there.dtype(), d);
    const Tensor back = there.to(kCpu);
    EXPECT_EQ(values(back), values(t));
    EXPECT_FALSE(back.shares_storage(t));
  }
  EXPECT_EQ(to_device(), kDTypes);
  EXPECT_EQ(to_host(), kDTypes);
}

TEST_F(Sim, MovesEveryLayoutWithOneCopy) {
  const Tensor t = counting({4, 5});
  const Tensor layouts[] = {T(t), flip(t), slice(t, 1, {}, {}, 2), expand(t[0], {3, 5}), t[1][2], slice(t, 0, 2, 2)};
  for (const Tensor& v : layouts) {
    const auto before = to_device();
    EXPECT_EQ(values(v.to(kCuda).to(kCpu)), values(v));
    EXPECT_EQ(to_device(), before + (v.numel() > 0));
  }
  const Tensor there = t.to(kCuda);
  EXPECT_EQ(values(T(there).to(kCpu)), values(T(t)));
  EXPECT_EQ(values(flip(there).to(kCpu)), values(flip(t)));
  EXPECT_EQ(values(tenon::to(there, DType::int32, kCpu)), values(t));
}

TEST_F(Sim, MovesBetweenDevices) {
  const Tensor t = counting({10}).to(kCuda);
  const auto moved = to_device() + to_host();
  const Tensor u = t.to(kSecond);
  EXPECT_EQ(u.device(), kSecond);
  EXPECT_EQ(to_device() + to_host(), moved);  // nothing passes the host
  EXPECT_EQ(to_peer(), 1);
  EXPECT_EQ(values(tenon::to(flip(t), DType::int32, kSecond).to(kCpu)),
            (std::vector<double>{9, 8, 7, 6, 5, 4, 3, 2, 1, 0}));
  EXPECT_EQ(values(u.to(kCpu)), values(counting({10})));
  EXPECT_NE(message<DeviceError>([&] { add(t, u); }).find("cuda:0 and cuda:1"), std::string::npos);
  EXPECT_THROW(add(t, counting({10})), DeviceError);
  EXPECT_THROW(add(counting({10}), t), DeviceError);
}

TEST_F(Sim, ComputesWhatTheCpuComputes) {
  const Tensor a = test::uniform({7, 9}, 0.1, 2, 1), b = test::uniform({9}, 0.1, 2, 2);
  const Tensor x = a.to(kCuda), y = b.to(kCuda);
  auto both = [&](auto f) { EXPECT_EQ(values(f(x, y).to(kCpu)), values(f(a, b))); };
  both([](const Tensor& p, const Tensor& q) { return mul(add(p, q), exp(p)); });
  both([](const Tensor& p, const Tensor& q) { return where(lt(p, q), p, div(q, p)); });
  both([](const Tensor& p, const Tensor& q) { return add(T(slice(p, 1, {}, {}, -2)), q[1]); });
  both([](const Tensor& p, const Tensor&) { return p.to(DType::bfloat16).to(DType::float64); });
  EXPECT_EQ(values(arange(0, 5, 1, DType::int32, kCuda).to(kCpu)), (std::vector<double>{0, 1, 2, 3, 4}));
  EXPECT_EQ(values(full({3}, 2.5, DType::float64, kCuda).to(kCpu)), (std::vector<double>{2.5, 2.5, 2.5}));
}

TEST_F(Sim, ReducesMultipliesAndIndexesAsTheCpuDoes) {
  const Tensor a = test::uniform({6, 8}, -1, 1, 3), x = a.to(kCuda);
  auto both = [&](const char* what, auto f) {
    const Tensor got = f(x), want = f(a);
    EXPECT_EQ(got.device(), kCuda) << what;
    EXPECT_EQ(values(got.to(kCpu)), values(want)) << what;
  };
  both("sum", [](const Tensor& t) { return sum(T(t), Dims{0}); });
  both("var", [](const Tensor& t) { return var(t, Dims{1}); });
  both("argmax", [](const Tensor& t) { return argmax(flip(t), 1); });
  both("any", [](const Tensor& t) { return any(gt(t, 0.9), Dims{0}); });
  both("cumsum", [](const Tensor& t) { return cumsum(t, 0); });
  both("softmax", [](const Tensor& t) { return softmax(t, 1); });
  both("matmul", [](const Tensor& t) { return matmul(t, T(t)); });
  both("masked_select", [](const Tensor& t) { return masked_select(t, gt(t, 0)); });
  both("nonzero", [](const Tensor& t) { return nonzero(gt(t, 0)); });
  both("cat", [](const Tensor& t) { return cat(std::vector<Tensor>{t, flip(t)}, 1); });
  both("index", [](const Tensor& t) {
    const Tensor rows = test::tensor<std::int64_t>({5, 0, -1}).to(t.device());
    const Index at[] = {rows, Slice{{}, {}, -2}};
    return index(t, at);
  });
  both("index_put_", [](const Tensor& t) {
    Tensor r = t.clone();
    const Tensor rows = test::tensor<std::int64_t>({2, 2, 0}).to(t.device());
    const Index at[] = {rows};
    index_put_(r, at, ones({8}, DType::float64, t.device()), true);
    return r;
  });
  Generator one(7), other(7);
  EXPECT_EQ(values(randn({100}, DType::float64, kCuda, &one).to(kCpu)),
            values(randn({100}, DType::float64, kCpu, &other)));
}

TEST_F(Sim, TakesHostNumbersButNoHostTensors) {
  const Tensor x = counting({3}).to(kCuda);
  const auto before = to_device();
  const Tensor half = Tensor::of(0.5, DType::float64);
  EXPECT_EQ(values(mul(x, half).to(kCpu)), (std::vector<double>{0, 0.5, 1}));
  EXPECT_EQ(values(sub(half, x).to(kCpu)), (std::vector<double>{0.5, -0.5, -1.5}));
  EXPECT_EQ(values(mul(x, 2).to(kCpu)), (std::vector<double>{0, 2, 4}));
  EXPECT_EQ(values(clip(half, x, 1).to(kCpu)), (std::vector<double>{0.5, 1, 1}));
  EXPECT_EQ(to_device(), before);  // as arguments of the calls
  EXPECT_THROW(add(x, ones({1})), DeviceError);
}

TEST_F(Sim, WorkIsLateButInOrder) {
  Tensor x = zeros({64}, DType::int64, kCuda);
  const Operand one[] = {1};
  for (int i = 0; i < 100; ++i) elementwise_(Op::add, x, one);
  for (auto v : values<int>(x.to(kCpu))) ASSERT_EQ(v, 100);
  EXPECT_EQ(to_host(), 1);
  synchronize(kCuda);
  synchronize(kSecond);
}

TEST_F(Sim, MemoryFreedWhileWorkIsQueuedStaysUntouchedUntilItHasRun) {
  std::vector<Tensor> results;
  for (int i = 0; i < 200; ++i) {
    Tensor a = full({1000}, i, DType::float32, kCuda);
    Tensor b = add(a, 1);
    a = Tensor();  // the addition may not have begun
    Tensor other = full({1000}, -1, DType::float32, kCuda);
    results.push_back(mul(b, 2));
  }
  for (int i = 0; i < 200; ++i)
    ASSERT_EQ(results[static_cast<std::size_t>(i)].to(kCpu).data<float>()[999], 2 * (i + 1));
}

TEST_F(Sim, MemoryComesBack) {
  const auto before = live(0);
  for (int i = 0; i < 8; ++i) {
    const Tensor t = empty({std::int64_t{3} << 30}, DType::uint8,
                           kCuda);  // of 4 GiB: each needs the one before to be free
    EXPECT_EQ(live(0), before + (std::int64_t{3} << 30));
  }
  EXPECT_NE(
      message<DeviceError>([] { empty({std::int64_t{8} << 30}, DType::uint8, kCuda); }).find("out of memory on cuda:0"),
      std::string::npos);
}

TEST_F(Sim, ReadsSingleElements) {
  const Tensor x = counting({3}).to(kCuda);
  EXPECT_EQ(x[2].item<double>(), 2);
  EXPECT_EQ(Tensor::of(7, {}, kSecond).item<int>(), 7);
  EXPECT_THROW(x.item(), ValueError);
}

TEST_F(Sim, CopiesInPlaceAcrossDevices) {
  Tensor x = zeros({2, 3}, DType::float64, kCuda);
  copy_(x, test::doubles({1, 2, 3}));
  Tensor column = select(x, 1, 1);
  copy_(column, counting({2}, DType::int64));
  EXPECT_EQ(values(x.to(kCpu)), (std::vector<double>{1, 0, 3, 1, 1, 3}));
  Tensor host = zeros({3, 2}, DType::float64);
  copy_(host, T(x));
  EXPECT_EQ(values(host), (std::vector<double>{1, 1, 0, 1, 3, 3}));
  Tensor strided = slice(zeros({6}, DType::float64), 0, {}, {}, -2);
  copy_(strided, x[0]);
  EXPECT_EQ(values(strided), (std::vector<double>{1, 0, 3}));
  fill_(x, 4);
  EXPECT_EQ(x[1][2].item<int>(), 4);
}

TEST_F(Sim, GradientsFlowOnTheDeviceAndAcross) {
  Tensor x = counting({3}).clone();
  x.set_requires_grad(true);
  const Tensor there = x.to(kCuda);
  const Tensor y = mul(square(there), Tensor::of(2.0, DType::float64));
  EXPECT_EQ(y.device(), kCuda);
  const auto before = to_device() + to_host();
  const Tensor w = ones({3}, DType::float64, kCuda);
  y.backward(w);
  EXPECT_EQ(x.grad().device(), kCpu);
  EXPECT_EQ(values(x.grad()), (std::vector<double>{0, 4, 8}));
  EXPECT_EQ(to_device() + to_host(), before + 1);  // the gradient's way home, and nothing else
  Tensor leaf = counting({3}).to(kCuda);
  leaf.set_requires_grad(true);
  square(leaf).backward(w);
  EXPECT_EQ(leaf.grad().device(), kCuda);
  EXPECT_EQ(values(leaf.grad().to(kCpu)), (std::vector<double>{0, 2, 4}));
}

TEST_F(Sim, InPlaceWritesAndVersionsHoldOnTheDevice) {
  Tensor x = counting({4}).to(kCuda);
  x.set_requires_grad(true);
  Tensor y = mul(x, 1), v = slice(y, 0, 2, {});
  const Operand three[] = {3};
  elementwise_(Op::mul, v, three);
  square(y).backward(ones({4}, DType::float64, kCuda));
  EXPECT_EQ(values(x.grad().to(kCpu)), (std::vector<double>{0, 2, 36, 54}));
  Tensor z = mul(x, 1);
  const Tensor s = square(z);
  elementwise_(Op::mul, z, three);
  EXPECT_THROW(s.backward(ones({4}, DType::float64, kCuda)), GradError);
}

TEST_F(Sim, PrintsShownElementsOnly) {
  EXPECT_EQ(str(counting({3}, DType::float32).to(kCuda)), "tensor([0., 1., 2.], device='cuda:0')");
  const Tensor large = full({1 << 12, 40}, 1, DType::int64, kSecond);
  const auto before = to_host();
  EXPECT_NE(str(large).find("[1, 1, 1,  ..., 1, 1, 1]], device='cuda:1')"), std::string::npos) << str(large);
  EXPECT_LE(to_host(), before + 2);
}

TEST_F(Sim, ComparesOnTheDevice) {
  const Tensor a = counting({5}).to(kCuda), b = add(a, 1e-12);
  EXPECT_TRUE(equal(a, a.clone()));
  EXPECT_FALSE(equal(a, b));
  EXPECT_TRUE(allclose(a, b));
  EXPECT_THROW(equal(a, counting({5})), DeviceError);
}

TEST_F(Sim, SeveralThreadsShareADevice) {
  std::vector<std::thread> threads;
  for (int k = 0; k < 4; ++k)
    threads.emplace_back([k] {
      const Device d = k % 2 ? kCuda : kSecond;
      for (int i = 0; i < 20; ++i) {
        const Tensor t = full({100}, i + k, DType::float64, d);
        ASSERT_EQ(values(add(t, t).to(kCpu))[99], 2 * (i + k));
      }
    });
  for (auto& t : threads) t.join();
}

// ---- what a GPU punishes ----

TEST_F(SimDeathTest, TheHostCannotReadOrWriteDeviceMemory) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(
      {
        const Tensor x = ones({3}, DType::float64, kCuda);
        volatile double v = *x.data<double>();
        (void)v;
      },
      "");
  EXPECT_DEATH(
      {
        const Tensor x = ones({3}, DType::float64, kCuda);
        *x.data<volatile double>() = 1;
      },
      "");
}

TEST_F(SimDeathTest, OperandsMustLieInLiveMemoryOfTheDevice) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  auto negate = [](void* out, void* in, std::int64_t n) {
    ElementwiseCall c{};
    c.op = Op::neg;
    c.compute = c.kernel_out = c.dtype[0] = c.dtype[1] = DType::float64;
    c.arity = 1;
    c.data[0] = out;
    c.data[1] = in;
    c.loop.ndim = 1;
    c.loop.numel = c.loop.shape[0] = n;
    c.loop.strides[0][0] = c.loop.strides[1][0] = 8;
    backend(kCuda).elementwise({kCuda}, "neg", c);
  };
  double host[4] = {};
  EXPECT_DEATH(negate(ones({4}, DType::float64, kCuda).data(), host, 4),
               "neg: operand 1 at .* is not live memory of cuda:0");
  EXPECT_DEATH(negate(host, ones({4}, DType::float64, kCuda).data(), 4), "neg: the output at");
  EXPECT_DEATH(
      {
        const Tensor here = ones({4}, DType::float64, kCuda);
        const Tensor there = ones({4}, DType::float64, kSecond);
        negate(here.data(), there.data(), 4);
      },
      "operand 1 at .* of cuda:0");
  EXPECT_DEATH(
      {
        const Tensor x = ones({4}, DType::float64, kCuda);
        negate(x.data(), x.data(), 5);
      },
      "the output at");
  EXPECT_DEATH(
      {
        Tensor x = ones({4}, DType::float64, kCuda);
        void* p = x.data();
        x = Tensor();
        negate(p, p, 4);
      },
      "is not live memory");
  auto move = [](Copy kind, void* to, const void* from, bool asynchronous = false) {
    backend(kCuda).copy({kCuda}, "move", {kind, to, from, 8, 0, 0, asynchronous});
  };
  EXPECT_DEATH(move(Copy::to_host, host, host), "move: the copy's source");
  EXPECT_DEATH(
      {
        const Tensor x = ones({4}, DType::float64, kCuda);
        move(Copy::to_device, x.data(), x.data());
      },
      "the host's side is device memory");
  EXPECT_DEATH(
      {
        const Tensor x = ones({4}, DType::float64, kCuda);
        move(Copy::to_host, host, x.data(), true);
      },
      "an asynchronous copy's host side, which is not page-locked");
}

TEST_F(Sim, AForkedChildGetsAnError) {
  const Tensor x = ones({3}, DType::float64, kCuda);
  synchronize(kCuda);
  const pid_t child = fork();
  if (child == 0) {
    int result = 1;
    try {
      add(x, x);
    } catch (const DeviceError& e) {
      result = std::string(e.what()).find("forked") == std::string::npos ? 2 : 0;
    } catch (...) { result = 3; }
    _exit(result);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

// ---- no backend at all ----

int without_backend() {
  const std::clock_t start = std::clock();  // this process's time: another one may hold the cores
  const bool available = is_available(DeviceType::cuda);
  const std::clock_t took = std::clock() - start;
  if (available || device_count(DeviceType::cuda) != 0) return 2;
  if (took > CLOCKS_PER_SEC / 200) return 3;  // 5 ms
  try {
    empty({1}, DType::float32, kCuda);
  } catch (const DeviceError& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 0;
  }
  return 4;
}

TEST(NoBackendDeathTest, IsAClearErrorAndAQuickNo) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");  // a fresh process, which looks for its backend anew
  const std::string was = std::getenv("TENON_CUDA_LIB");
  setenv("TENON_CUDA_LIB", "/nonexistent/libtenon_cuda.so", 1);
  EXPECT_EXIT(
      std::exit(without_backend()), testing::ExitedWithCode(0),
      "device: there is no cuda:0: tenon's CUDA library could not be loaded .*/nonexistent/libtenon_cuda.so.*"
      "set TENON_CUDA_LIB or install tenon-cuda13==[0-9.]+; use device='cpu', or check tenon.cuda.is_available\\(\\) "
      "first");
  setenv("TENON_CUDA_LIB", was.c_str(), 1);
}

}  // namespace
