// The simulated device for tests, and what makes it misbehave.
#pragma once

#include "helpers.h"

#include <dlfcn.h>

#include "tenon/devices.h"

namespace tenon::test {

inline constexpr Device kCuda{DeviceType::cuda, 0}, kSecond{DeviceType::cuda, 1};

// Before anything asks for a backend; an empty value means none.
inline const bool g_sim_is_set = setenv("TENON_CUDA_LIB", TENON_SIM_LIBRARY, 0) == 0;

template <class F>
F* simulator(const char* symbol) {
  static void* library = dlopen(TENON_SIM_LIBRARY, RTLD_NOW | RTLD_NOLOAD);
  return reinterpret_cast<F*>(dlsym(library, symbol));
}

inline void fail_allocations(Device d, int count) {
  simulator<void(int, int)>("tenon_sim_fail_allocations")(d.index, count);
}
inline void fail_launches(Device d, int count, bool late) {
  simulator<void(int, int, bool)>("tenon_sim_fail_launches")(d.index, count, late);
}
inline void lose(Device d, bool lost) { simulator<void(int, bool)>("tenon_sim_lose")(d.index, lost); }
inline void hold(Stream s, bool on) { simulator<void(int, int, bool)>("tenon_sim_hold")(s.device.index, s.index, on); }

class SimTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(g_sim_is_set);
    if (std::string(std::getenv("TENON_CUDA_LIB")) != TENON_SIM_LIBRARY) GTEST_SKIP() << "another backend";
    ASSERT_TRUE(is_available(DeviceType::cuda));
    live_ = live(0) + live(1);
    simulator<void()>("tenon_sim_reset")();
  }
  void TearDown() override {
    if (IsSkipped()) return;
    set_current_stream({kCuda});
    synchronize(kCuda);
    synchronize(kSecond);
    EXPECT_EQ(live(0) + live(1), live_) << "device memory leaks";
  }
  static std::int64_t live(int device) { return simulator<std::int64_t(int)>("tenon_sim_live_bytes")(device); }
  static std::int64_t copies(int kind) { return simulator<std::int64_t(int)>("tenon_sim_copies")(kind); }
  static std::int64_t to_device() { return copies(0); }
  static std::int64_t to_host() { return copies(1); }
  static std::int64_t to_peer() { return copies(2); }

 private:
  std::int64_t live_ = 0;
};

}  // namespace tenon::test
