#include "tenon/dlpack.h"

#include <thread>

#include "files.h"
#include "tenon/autograd.h"

namespace {

using namespace tenon;
using namespace tenon::dlpack;
using namespace tenon::testing_files;

// What a producer lends: the struct, its dimensions and how often the deleter ran.
struct Producer {
  alignas(16) std::int64_t bytes[32] = {};
  std::int64_t shape[3] = {2, 3, 4};
  std::int64_t strides[3] = {12, 4, 1};
  int deleted = 0;
  DLManagedTensorVersioned versioned{};
  DLManagedTensor plain{};

  Producer() {
    for (int i = 0; i < 32; ++i) bytes[i] = i;
    const DLTensor t{bytes, {kDLCPU, 0}, 3, {kDLInt, 64, 1}, shape, strides, 0};
    versioned = {
        {1, 0}, this, [](DLManagedTensorVersioned* m) { ++static_cast<Producer*>(m->manager_ctx)->deleted; }, 0, t};
    plain = {t, this, [](DLManagedTensor* m) { ++static_cast<Producer*>(m->manager_ctx)->deleted; }};
  }
  DLTensor& t() { return versioned.dl_tensor; }
};

TEST(DLPack, EveryDtypeCrossesUnderItsCode) {
  const struct {
    DType dtype;
    std::uint8_t code, bits;
  } table[] = {{DType::bool_, 6, 8},          {DType::int8, 0, 8},        {DType::int16, 0, 16},
               {DType::int32, 0, 32},         {DType::int64, 0, 64},      {DType::uint8, 1, 8},
               {DType::uint16, 1, 16},        {DType::uint32, 1, 32},     {DType::uint64, 1, 64},
               {DType::float16, 2, 16},       {DType::bfloat16, 4, 16},   {DType::float32, 2, 32},
               {DType::float64, 2, 64},       {DType::complex64, 5, 64},  {DType::complex128, 5, 128},
               {DType::float8_e4m3fn, 10, 8}, {DType::float8_e5m2, 12, 8}};
  static_assert(std::size(table) == kDTypes);
  for (const auto& row : table) {
    const DLDataType type = to_dlpack(row.dtype);
    EXPECT_EQ(type.code, row.code) << name(row.dtype);
    EXPECT_EQ(type.bits, row.bits) << name(row.dtype);
    EXPECT_EQ(type.lanes, 1);
    const Tensor t = sample(row.dtype, {2, 3});
    const Tensor back = import_versioned(export_versioned(t));
    expect_same(back, t);
    EXPECT_EQ(back.data(), t.data());
  }
}

TEST(DLPack, ExportsKeepTheStorageAliveAndAreCounted) {
  Tensor t = arange(12).reshape({3, 4});
  auto* versioned = export_versioned(t);
  auto* plain = export_unversioned(t);
  EXPECT_EQ(t.storage().exports(), 2);
  EXPECT_EQ(versioned->version.major, 1u);
  EXPECT_EQ(versioned->version.minor, 3u);
  EXPECT_EQ(versioned->flags, 0u);
  EXPECT_EQ(versioned->dl_tensor.byte_offset, 0u);
  EXPECT_EQ(versioned->dl_tensor.data, t.data());
  EXPECT_EQ(versioned->dl_tensor.strides[0], 4);
  Tensor owner = arange(3);
  auto* held = export_unversioned(owner);
  EXPECT_THROW(resize_(owner, {9}), BufferError);
  owner = Tensor();
  EXPECT_EQ(static_cast<std::int64_t*>(held->dl_tensor.data)[2], 2);
  std::thread([&] {
    held->deleter(held);
    versioned->deleter(versioned);
  }).join();
  EXPECT_EQ(t.storage().exports(), 1);
  plain->deleter(plain);
  EXPECT_EQ(t.storage().exports(), 0);
}

TEST(DLPack, ExportsOfViewsAndOddShapes) {
  const Tensor t = arange(24).reshape({4, 6});
  for (const Tensor& x : {flip(t), T(t), slice(t, 1, 1, 5, 2), expand(t[0], {5, 6}), Tensor::of(3),
                          empty({0, 2}, DType::int8), empty({1, 1, 1, 1, 1, 1, 1, 1}, DType::int8)}) {
    auto* m = export_versioned(x);
    ASSERT_NE(m->dl_tensor.shape, nullptr);
    ASSERT_NE(m->dl_tensor.strides, nullptr);
    EXPECT_EQ(m->dl_tensor.data == nullptr, x.numel() == 0);
    const Tensor back = import_versioned(m);
    EXPECT_EQ(back.strides(), x.strides());
    expect_same(back, x);
  }
}

TEST(DLPack, ReadOnlyTravels) {
  std::int64_t bytes[2] = {1, 2};
  const Tensor locked = from_blob(bytes, {2}, DType::int64, nullptr, nullptr, true), open = arange(2);
  EXPECT_TRUE(import_versioned(export_versioned(locked)).read_only());
  EXPECT_TRUE(import_versioned(export_versioned(open, true)).read_only());
  EXPECT_FALSE(import_versioned(export_versioned(open)).read_only());
  EXPECT_FALSE(import_unversioned(export_unversioned(open)).read_only());
  EXPECT_TRUE(import_unversioned(export_unversioned(open), true).read_only());
  EXPECT_SAYS(BufferError, export_unversioned(locked), "max_version=(1, 0)");
  auto* copied = export_versioned(open, false, true);
  EXPECT_EQ(copied->flags, kIsCopied);
  copied->deleter(copied);
}

TEST(DLPack, TensorsThatRequireGradAreNotLent) {
  Tensor t = arange(3).to(DType::float32);
  t.set_requires_grad(true);
  DLTensor view;
  EXPECT_SAYS(BufferError, export_versioned(t), ".detach()");
  EXPECT_SAYS(BufferError, export_unversioned(t), ".detach()");
  EXPECT_SAYS(BufferError, fill_view(t, view), ".detach()");
  EXPECT_EQ(t.storage().exports(), 0);
}

TEST(DLPack, ViewsPointIntoTheTensor) {
  const Tensor t = T(arange(6).reshape({2, 3}));
  DLTensor view;
  fill_view(t, view);
  EXPECT_EQ(view.data, t.data());
  EXPECT_EQ(view.shape[0], 3);
  EXPECT_EQ(view.strides[0], 1);
  EXPECT_EQ(t.storage().exports(), 0);
}

TEST(DLPack, ImportsAreReleasedOnce) {
  Producer p;
  {
    const Tensor t = import_versioned(&p.versioned);
    EXPECT_EQ(t.shape(), (Dims{2, 3, 4}));
    EXPECT_EQ(t.data(), reinterpret_cast<char*>(p.bytes));
    const Tensor view = t[1];
    EXPECT_EQ(view[0][1].item<int>(), 13);
    EXPECT_EQ(p.deleted, 0);
  }
  EXPECT_EQ(p.deleted, 1);
  import_unversioned(&p.plain);
  EXPECT_EQ(p.deleted, 2);
  p.plain.deleter = nullptr;  // allowed
  import_unversioned(&p.plain);
}

TEST(DLPack, Geometries) {
  Producer p;
  p.t().strides = nullptr;
  EXPECT_EQ(import_versioned(&p.versioned).strides(), (Dims{12, 4, 1}));
  p.t().strides = p.strides;
  p.t().byte_offset = 8;
  EXPECT_EQ(import_versioned(&p.versioned)[0][0][0].item<int>(), 1);
  p.t().byte_offset = 23 * 8;
  p.strides[0] = -12, p.strides[1] = -4, p.strides[2] = -1;
  const Tensor reversed = import_versioned(&p.versioned);
  EXPECT_EQ(reversed.strides(), (Dims{-12, -4, -1}));
  EXPECT_EQ(reversed[1][2][3].item<int>(), 0);
  EXPECT_EQ(reversed.storage_offset(), 23);
  p.t().byte_offset = 0;
  p.strides[0] = p.strides[1] = p.strides[2] = 0;
  EXPECT_EQ(import_versioned(&p.versioned)[1][2][3].item<int>(), 0);
  p.shape[1] = 0;
  p.t().data = nullptr;
  EXPECT_EQ(import_versioned(&p.versioned).numel(), 0);
  p.t().ndim = 0;
  p.t().data = p.bytes;
  p.t().shape = nullptr;
  EXPECT_EQ(import_versioned(&p.versioned).ndim(), 0);
}

TEST(DLPack, Devices) {
  for (auto type : {kDLCPU, kDLCUDAHost, kDLCUDAManaged}) EXPECT_EQ(device_from({type, 0}), kCpu);
  EXPECT_EQ(device_from({kDLCUDA, 3}), (Device{DeviceType::cuda, 3}));
  EXPECT_EQ(to_dlpack(Device{DeviceType::cuda, 3}).device_type, kDLCUDA);
  EXPECT_EQ(to_dlpack(Device{DeviceType::cuda, 3}).device_id, 3);
  EXPECT_EQ(to_dlpack(kCpu).device_type, kDLCPU);
  EXPECT_SAYS(BufferError, device_from({kDLROCM, 0}), "type 10");
  EXPECT_SAYS(BufferError, device_from({kDLCUDA, 4000}), "id 4000");
}

// Nothing is owned after an error: the deleter is there, and has not run.
template <class E>
void refused(void (*change)(Producer&), const char* says) {
  Producer p;
  change(p);
  const auto deleter = p.versioned.deleter;
  EXPECT_SAYS(E, import_versioned(&p.versioned), says);
  EXPECT_EQ(p.deleted, 0);
  EXPECT_EQ(p.versioned.deleter, deleter);
}

TEST(DLPack, Refusals) {
  refused<BufferError>([](Producer& p) { p.versioned.version = {2, 0}; }, "version 2.0");
  refused<BufferError>([](Producer& p) { p.versioned.version = {0, 8}; }, "version 0.8");
  refused<BufferError>([](Producer& p) { p.t().dtype.lanes = 4; }, "4 lanes");
  refused<BufferError>([](Producer& p) { p.t().dtype.lanes = 0; }, "0 lanes");
  refused<BufferError>([](Producer& p) { p.t().dtype = {kDLFloat4_e2m1fn, 4, 1}; }, "less than a byte");
  refused<BufferError>([](Producer& p) { p.t().dtype = {kDLInt, 4, 1}; }, "less than a byte");
  refused<BufferError>([](Producer& p) { p.t().dtype = {kDLFloat8_e8m0fnu, 8, 1}; }, "type code 14");
  refused<BufferError>([](Producer& p) { p.t().dtype = {kDLOpaqueHandle, 64, 1}; }, "type code 3");
  refused<BufferError>([](Producer& p) { p.t().dtype = {99, 32, 1}; }, "no dtype here for type code 99");
  refused<BufferError>([](Producer& p) { p.t().dtype = {kDLBool, 1, 1}; }, "less than a byte");
  refused<BufferError>([](Producer& p) { p.t().device.device_type = static_cast<DLDeviceType>(99); }, "type 99");
  refused<BufferError>([](Producer& p) { p.t().ndim = -1; }, "-1 dimensions");
  refused<BufferError>([](Producer& p) { p.t().ndim = 65; }, "65 dimensions");
  refused<BufferError>([](Producer& p) { p.t().shape = nullptr; }, "missing");
  refused<BufferError>([](Producer& p) { p.shape[0] = -2; }, "negative");
  refused<BufferError>([](Producer& p) { p.shape[0] = INT64_MAX; }, "too large");
  refused<BufferError>(
      [](Producer& p) {
        p.strides[0] = INT64_MAX;
        p.shape[0] = 3;
      },
      "too large");
  refused<BufferError>([](Producer& p) { p.strides[0] = INT64_MIN; }, "too large");
  refused<BufferError>([](Producer& p) { p.t().data = nullptr; }, "no data");
  refused<ValueError>([](Producer& p) { p.t().byte_offset = 4; }, "not aligned for int64 (8 bytes); copy it first");
}

}  // namespace
