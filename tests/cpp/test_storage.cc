#include "helpers.h"

#include <fcntl.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>

#include "core/freelist.h"

namespace {

using namespace tenon;
using test::message;

struct Owner {
  int calls = 0;
  std::vector<char> bytes = std::vector<char>(64);
  static void drop(void* self) { ++static_cast<Owner*>(self)->calls; }
};

TEST(Storage, CallsTheDeleterOnceWhenTheLastViewIsGone) {
  Owner owner;
  {
    Tensor t = from_blob(owner.bytes.data(), {8}, DType::float64, &Owner::drop, &owner);
    EXPECT_EQ(t.storage().kind(), Storage::Kind::borrowed);
    EXPECT_EQ(t.storage().context(), &owner);
    EXPECT_EQ(t.data(), owner.bytes.data());
    const Tensor view = slice(t, 0, 4, {});
    t = Tensor();
    EXPECT_EQ(owner.calls, 0);
    const Tensor column = reshape(view, {2, 2});
    EXPECT_EQ(owner.calls, 0);
  }
  EXPECT_EQ(owner.calls, 1);
}

TEST(Storage, KeepsBorrowedBytesForAViewAfterItsBaseAndForTheGraph) {
  Owner owner;
  Tensor y;
  {
    Tensor x = from_blob(owner.bytes.data(), {8}, DType::float64, &Owner::drop, &owner);
    x.set_requires_grad(true);
    y = mul(x, x);
  }
  EXPECT_EQ(owner.calls, 0);  // saved for backward
  y.backward(ones({8}, DType::float64));
  EXPECT_EQ(owner.calls, 0);  // the leaf holds its gradient, the node holds the leaf
  y = Tensor();
  EXPECT_EQ(owner.calls, 1);
}

TEST(Storage, CallsTheDeleterOnWhicheverThreadIsLast) {
  Owner owner;
  static thread_local bool here = false;
  static bool there = false;
  here = true;
  auto note = [](void* self) {
    there = !here;
    Owner::drop(self);
  };
  Tensor t = from_blob(owner.bytes.data(), {64}, DType::uint8, note, &owner);
  std::thread other([mine = std::move(t)]() mutable { mine = Tensor(); });
  other.join();
  EXPECT_EQ(owner.calls, 1);
  EXPECT_TRUE(there);
}

TEST(Storage, ReadOnlyIsInheritedAndWritingRefused) {
  double data[4] = {1, 2, 3, 4};
  Tensor t = from_blob(data, {4}, DType::float64, nullptr, nullptr, true);
  Tensor views[] = {t[0],       slice(t, 0, {}, {}, -1), reshape(t, {2, 2}),
                    t.detach(), view(t, DType::int64),   expand(t, {3, 4})};
  for (Tensor& v : views) {
    EXPECT_TRUE(v.read_only());
    EXPECT_THROW(fill_(v, 7), ReadOnlyError);
  }
  EXPECT_THROW(fill_(t, 7), ValueError);
  EXPECT_FALSE(t.clone().read_only());
  EXPECT_EQ(data[0], 1);
}

TEST(Storage, IsAligned) {
  for (std::int64_t bytes : {0, 1, 63, 64, 65, 1000, 4096, 4097, 1 << 20, 5 << 20}) {
    const auto s = Storage::allocate(bytes);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(s->data()) % 64, 0u) << bytes;
    EXPECT_EQ(s->bytes(), bytes);
    if (bytes) std::memset(s->data(), 1, static_cast<std::size_t>(bytes));
  }
}

TEST(Storage, CannotBeResizedWhileExportedViewedOrBorrowed) {
  Tensor t = test::counting({6});
  t.storage().add_export();
  EXPECT_THROW(resize_(t, {12}), BufferError);
  t.storage().drop_export();
  {
    const Tensor v = slice(t, 0, 0, 3);
    EXPECT_THROW(resize_(t, {12}), BufferError);
  }
  EXPECT_EQ(t.shape(), Dims{6});  // a failed call leaves everything as it was
  EXPECT_EQ(test::values(t), (std::vector<double>{0, 1, 2, 3, 4, 5}));
  resize_(t, {2, 4});
  EXPECT_EQ(t.shape(), (Dims{2, 4}));
  EXPECT_EQ(test::values(slice(reshape(t, {8}), 0, 0, 6)), (std::vector<double>{0, 1, 2, 3, 4, 5}));
  resize_(t, {1, 2});
  EXPECT_EQ(test::values(t), (std::vector<double>{0, 1}));
  double data[4] = {};
  Tensor borrowed = from_blob(data, {4}, DType::float64);
  EXPECT_THROW(resize_(borrowed, {2}), RuntimeError);
}

TEST(Storage, MapsFilesPrivately) {
  char path[] = "tenon_test_XXXXXX";
  const int fd = mkstemp(path);
  ASSERT_GE(fd, 0);
  std::FILE* f = fdopen(fd, "wb");
  std::fputs("abcdefgh", f);
  std::fclose(f);
  {
    const auto s = Storage::map_file(path, true);
    EXPECT_EQ(s->kind(), Storage::Kind::mapped);
    EXPECT_EQ(s->bytes(), 8);
    Tensor t = make_tensor(s, 2, {4}, {1}, DType::uint8, false);
    EXPECT_EQ(test::values<int>(t), (std::vector<int>{'c', 'd', 'e', 'f'}));
    fill_(t, 'x');
    const auto again = Storage::map_file(path, false);
    EXPECT_EQ(std::memcmp(again->data(), "abcdefgh", 8), 0);
  }
  std::fclose(std::fopen(path, "wb"));
  EXPECT_EQ(Storage::map_file(path, false)->bytes(), 0);
  std::remove(path);
  EXPECT_NE(message<FileError>([&] { Storage::map_file(path, false); }).find("No such file"), std::string::npos);
}

TEST(Storage, GeometryMayNotReachOutside) {
  const auto s = Storage::allocate(80);
  EXPECT_NO_THROW(make_tensor(s, 0, {10}, {1}, DType::float64, false));
  EXPECT_NO_THROW(make_tensor(s, 72, {10}, {-1}, DType::float64, false));
  EXPECT_NO_THROW(make_tensor(s, 80, {0}, {1}, DType::float64, false));
  EXPECT_NO_THROW(make_tensor(s, 0, {1000}, {0}, DType::float64, false));
  EXPECT_THROW(make_tensor(s, 8, {10}, {1}, DType::float64, false), ValueError);
  EXPECT_THROW(make_tensor(s, 64, {10}, {-1}, DType::float64, false), ValueError);
  EXPECT_THROW(make_tensor(s, 0, {2, 2}, {8, 2}, DType::float64, false), ValueError);
  EXPECT_THROW(make_tensor(s, -8, {1}, {1}, DType::float64, false), ValueError);
  EXPECT_THROW(make_tensor(s, 0, {2, std::int64_t{1} << 62}, {1, std::int64_t{1} << 60}, DType::float64, false),
               ValueError);
}

TEST(Storage, TooLargeOrNegativeShapesAreRefused) {
  EXPECT_THROW(empty({std::int64_t{1} << 40, std::int64_t{1} << 40}, DType::float32), ValueError);
  EXPECT_THROW(empty({0, std::int64_t{1} << 62, 8}, DType::float64), ValueError);  // strides would not fit
  EXPECT_THROW(empty({2, -1}, DType::float32), ShapeError);
  EXPECT_THROW(empty(Dims(65, 1), DType::float32), ShapeError);
  EXPECT_EQ(empty(Dims(64, 1), DType::float32).ndim(), 64);
  EXPECT_THROW(empty({std::int64_t{1} << 45}, DType::uint8), std::bad_alloc);
}

// ---- the allocator ----

constexpr std::int64_t kLarge = std::int64_t{8} << 20;

#if !TENON_NO_POOLS
TEST(Allocator, RecyclesBlocks) {
  memory::release();
  void* first;
  {
    const auto s = Storage::allocate(kLarge);
    EXPECT_FALSE(s->touched());
    first = s->data();
  }
  const auto before = memory::stats();
  EXPECT_EQ(before.cached, kLarge);
  const auto again = Storage::allocate(kLarge - 100);  // the same size class
  EXPECT_TRUE(again->touched());
  EXPECT_EQ(again->data(), first);
  const auto after = memory::stats();
  EXPECT_EQ(after.hits, before.hits + 1);
  EXPECT_EQ(after.cached, 0);
  EXPECT_EQ(after.in_use, before.in_use + kLarge);
}

TEST(Allocator, KeepsItsLimitAndReleases) {
  memory::release();
  const auto limit = memory::stats().limit;
  memory::set_limit(2 * kLarge);
  {
    std::vector<Ref<Storage>> blocks;
    for (int i = 0; i < 4; ++i) blocks.push_back(Storage::allocate(kLarge));
  }
  EXPECT_EQ(memory::stats().cached, 2 * kLarge);
  EXPECT_EQ(memory::release(), 2 * kLarge);
  EXPECT_EQ(memory::stats().cached, 0);
  memory::set_limit(0);
  { const auto s = Storage::allocate(kLarge); }
  EXPECT_EQ(memory::stats().cached, 0);
  memory::set_limit(limit);
}
#endif

TEST(Allocator, CountsWhatIsInUse) {
  memory::reset_peak();
  const auto before = memory::stats();
  {
    const auto a = Storage::allocate(kLarge), b = Storage::allocate(kLarge);
    EXPECT_EQ(memory::stats().in_use, before.in_use + 2 * kLarge);
  }
  EXPECT_EQ(memory::stats().in_use, before.in_use);
  EXPECT_EQ(memory::stats().peak, before.in_use + 2 * kLarge);
  memory::reset_peak();
  EXPECT_EQ(memory::stats().peak, before.in_use);
  EXPECT_THROW(Storage::allocate(std::int64_t{1} << 46), std::bad_alloc);
  EXPECT_EQ(memory::stats().in_use, before.in_use);
}

TEST(Allocator, BlocksMayBeFreedByAnotherThread) {
  for (std::int64_t bytes : {std::int64_t{16}, std::int64_t{3000}, kLarge}) {
    for (int round = 0; round < 200; ++round) {
      Tensor t = empty({bytes}, DType::uint8);
      t.data()[0] = 1;
      const Tensor v = slice(t, 0, 0, 8);
      std::thread other([mine = std::move(t)]() mutable {
        mine.data()[1] = 2;
        mine = Tensor();
      });
      other.join();
      ASSERT_EQ(v.data()[1], 2);
    }
  }
}

TEST(Allocator, TensorsOutliveTheThreadThatMadeThem) {
  Tensor kept;
  std::thread maker([&] {
    std::vector<Tensor> many;
    for (int i = 0; i < 300; ++i) many.push_back(test::counting({3}));
    kept = many[150];
  });
  maker.join();
  EXPECT_EQ(test::values(kept), (std::vector<double>{0, 1, 2}));
  kept = Tensor();
}

TEST(Allocator, ThreadsShareOneTensor) {
  const Tensor t = test::counting({100});
  const int before = t.storage().use_count();
  std::vector<std::thread> threads;
  for (int k = 0; k < 4; ++k)
    threads.emplace_back([&t] {
      for (int i = 0; i < 500; ++i) {
        const Tensor v = slice(t, 0, 1, {}, 2);
        ASSERT_EQ(add(v, v).numel(), 50);
      }
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(t.storage().use_count(), before);
}

TEST(SharedMemory, SmallStoragesLieInOneFile) {
  const Ref<Storage> a = Storage::share(10), b = Storage::share(100), large = Storage::share(1 << 20);
  EXPECT_EQ(a->descriptor(), b->descriptor());
  EXPECT_NE(a->descriptor(), large->descriptor());
  EXPECT_EQ(a->bytes(), 10);
  EXPECT_EQ(large->offset_in_file(), 0);
  EXPECT_GE(b->offset_in_file(), a->offset_in_file() + 10);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(b->data()) % 64, 0u);
  const Ref<Storage> again = a->part(b->offset_in_file(), 100);
  static_cast<char*>(again->data())[99] = 7;
  EXPECT_EQ(static_cast<char*>(b->data())[99], 7);
  EXPECT_THROW((void)a->part(0, std::int64_t{1} << 40), ValueError);
  EXPECT_THROW((void)a->part(-1, 1), ValueError);
  EXPECT_THROW((void)Storage::allocate(10)->part(0, 1), ValueError);
}

// The bytes of one that has gone are not given out again: another process may look at them.
TEST(SharedMemory, BytesServeOnce) {
  const Ref<Storage> first = Storage::share(64);
  const std::int64_t gone = Storage::share(64)->offset_in_file();
  for (int i = 0; i < 10; ++i) EXPECT_GT(Storage::share(64)->offset_in_file(), gone);
}

TEST(SharedMemory, TheFileClosesWithItsLastStorage) {
  Ref<Storage> a = Storage::share(std::int64_t{1} << 20), part = a->part(8, 8);
  const int descriptor = a->descriptor();
  a = Ref<Storage>();
  EXPECT_NE(fcntl(descriptor, F_GETFD), -1);
  static_cast<char*>(part->data())[0] = 1;
  part = Ref<Storage>();
  EXPECT_EQ(fcntl(descriptor, F_GETFD), -1);
}

TEST(SharedMemory, ManyThreadsShareOneFile) {
  std::vector<std::thread> threads;
  std::atomic<int> wrong = 0;
  for (int k = 0; k < 4; ++k)
    threads.emplace_back([&wrong, k] {
      for (int i = 0; i < 300; ++i) {
        const Ref<Storage> s = Storage::share(100), same = s->part(s->offset_in_file(), 100);
        std::memset(s->data(), k, 100);
        wrong += static_cast<char*>(same->data())[50] != k;
      }
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

}  // namespace
