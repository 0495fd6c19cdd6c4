// Unified memory on the simulated device: views of the host's, work of the device's, and who waits for whom.
#include "sim.h"

#include <thread>

#include "tenon/dlpack.h"
#include "tenon/ops.h"

namespace {

using namespace tenon;
using test::hold;
using test::kCuda;
using test::message;

constexpr Device kUnified{DeviceType::unified, 0};

using Unified = test::SimTest;

// Whether f returns while the default stream begins nothing.
template <class F>
bool returns_at_once(F f) {
  hold({kCuda}, true);
  std::atomic<bool> returned{false};
  std::thread thread([&] {
    f();
    returned = true;
  });
  for (int i = 0; i < 500 && !returned; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  const bool early = returned;
  hold({kCuda}, false);
  thread.join();
  return early;
}

TEST_F(Unified, DevicesAreEqualWhereOneProcessorComputes) {
  EXPECT_EQ(kUnified, kCuda);
  EXPECT_FALSE(same_memory(kUnified, kCuda));
  EXPECT_NE(kUnified, kCpu);
  EXPECT_NE(kUnified, test::kSecond);
  EXPECT_TRUE(kUnified.host_reads() && kCpu.host_reads() && !kCuda.host_reads());
  EXPECT_TRUE(together(kUnified, kUnified).is_unified());
  EXPECT_FALSE(together(kUnified, kCuda).is_unified());
  EXPECT_FALSE(together(kCuda, kUnified).is_unified());
  EXPECT_TRUE(same_memory(parse_device("unified:1"), {DeviceType::unified, 1}));
  EXPECT_EQ(kUnified.str(), "unified:0");
  EXPECT_EQ(unified_memory(kUnified).way, UnifiedWay::managed);
}

TEST_F(Unified, TheHostReadsWhatTheDeviceWrote) {
  Tensor t = zeros({1000}, DType::float32, kUnified);
  const Tensor host = on_host(t);
  ASSERT_EQ(host.data(), t.data());
  for (int i = 1; i < 20; ++i) {
    add_(t, 1, 1);
    EXPECT_EQ(host.data<float>()[999], i);
  }
  EXPECT_EQ(to_host() + to_device() + to_peer(), 0);
  EXPECT_EQ(message([] { on_host(zeros({2}, DType::float32, kCuda)); }),
            "on_host: the CPU cannot read the memory of cuda:0; use .cpu(), a copy");
}

TEST_F(Unified, CallsReturnAtOnceUnlessTheHostLooks) {
  Tensor t = zeros({10}, DType::float32, kUnified), other = zeros({10}, DType::float32, kUnified);
  synchronize(kCuda);
  const auto work = [&] { add_(t, 1, 1); };
  EXPECT_TRUE(returns_at_once(work));
  {
    const Tensor host = on_host(t);
    EXPECT_FALSE(returns_at_once(work));
    EXPECT_FALSE(returns_at_once([&] { (void)sum(t); }));
    EXPECT_FALSE(returns_at_once([&] { copy_(other, t); }));
    EXPECT_TRUE(returns_at_once([&] { add_(other, 1, 1); }));
    EXPECT_EQ(host.data<float>()[0], 2);
  }
  EXPECT_TRUE(returns_at_once(work));
  EXPECT_FALSE(returns_at_once([&] {
    work();
    EXPECT_EQ(on_host(t).data<float>()[9], 4);
  }));
}

TEST_F(Unified, WhatGoesToADeviceIsNoViewOfTheHosts) {
  Tensor t = zeros({10}, DType::float32, kUnified);
  for (const auto as : {dlpack::kDLCUDA, dlpack::kDLCPU, dlpack::kDLCUDAManaged}) {
    auto* m = dlpack::export_versioned(t, false, false, as);
    EXPECT_EQ(m->dl_tensor.device.device_type, as);
    EXPECT_EQ(t.storage().has_host_view(), as != dlpack::kDLCUDA);
    EXPECT_EQ(t.storage().exports(), 1);
    m->deleter(m);
    EXPECT_FALSE(t.storage().has_host_view());
  }
  t.storage().lend_address();
  t.storage().lend_address();
  EXPECT_TRUE(t.storage().has_host_view());
  EXPECT_FALSE(returns_at_once([&] { add_(t, 1, 1); }));
}

TEST_F(Unified, WorkOfAnotherDeviceIsWaitedFor) {
  Tensor there = full({1000}, 3, DType::float32, test::kSecond), t = zeros({1000}, DType::float32, kUnified);
  const Tensor host = on_host(t);
  for (int i = 0; i < 20; ++i) {
    copy_(t, there);
    EXPECT_EQ(host.data<float>()[999], 3 + i);
    add_(there, 1, 1);
  }
  EXPECT_EQ(to_peer(), 20);
}

TEST_F(Unified, OnlyADeviceThatReadsTheHostsMemoryAdoptsIt) {
  const Tensor host = ones({4});
  EXPECT_NE(message([&] { adopt("asarray", host, kUnified); }).find("cannot read memory of the host where it is"),
            std::string::npos);
  EXPECT_EQ(host.storage().exports(), 0);
  setenv("TENON_SIM_UNIFIED", "hmm", 1);
  {
    Tensor t = adopt("asarray", host, kUnified);
    EXPECT_EQ(t.data(), host.data());
    add_(t, 1, 1);
    EXPECT_EQ(host.data<float>()[3], 2);
    EXPECT_EQ(host.storage().exports(), 1);
    EXPECT_FALSE(returns_at_once([&] { add_(t, 1, 1); }));
  }
  unsetenv("TENON_SIM_UNIFIED");
  EXPECT_EQ(host.storage().exports(), 0);
}

}  // namespace
