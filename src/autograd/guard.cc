#include "autograd/guard.h"

#include <algorithm>
#include <atomic>
#include <cstring>

#include "autograd/mutexes.h"
#include "core/errors.h"
#include "core/in_use.h"
#include "tenon/autograd.h"

namespace tenon {
namespace {

std::atomic<bool> g_on{true};

constexpr std::int64_t kSmall = 512;  // bytes that are read sooner than a list is changed

constexpr std::uint64_t kPrime = 0x9e3779b97f4a7c15ULL;

// Each step is a bijection of h for a given x and of x for a given h: a single change always shows.
std::uint64_t mix(std::uint64_t h, std::uint64_t x) { return (h ^ x) * kPrime; }

// Four lanes hide the latency of the multiplication.
std::uint64_t hash_short(std::uint64_t h, const char* p, std::int64_t bytes) {
  std::uint64_t lanes[4] = {h, h ^ 1, h ^ 2, h ^ 3}, words[4];
  for (; bytes >= 32; bytes -= 32, p += 32) {
    std::memcpy(words, p, 32);
    for (int i = 0; i < 4; ++i) lanes[i] = mix(lanes[i], words[i]);
  }
  std::memset(words, 0, 32);
  std::memcpy(words, p, static_cast<std::size_t>(bytes));
  for (int i = 0; i < 4; ++i) lanes[i] = mix(lanes[i], words[i]);
  for (const std::uint64_t lane : lanes) h = mix(h, lane ^ lane >> 32);
  return h;
}

// The same in lanes of 32 bits, which vectors multiply; so many vectors hide the latency: 200 kB in 4.9 instead of 10.3 us.
std::uint64_t hash_run(std::uint64_t h, const char* p, std::int64_t bytes) {
  using Lanes [[gnu::vector_size(16)]] = std::uint32_t;
  constexpr int kVectors = 12, kEach = sizeof(Lanes) / sizeof(std::uint32_t);
  constexpr std::int64_t kBlock = kVectors * sizeof(Lanes);
  if (bytes < 4096) return hash_short(h, p, bytes);
  Lanes lanes[kVectors];
  for (int i = 0; i < kVectors * kEach; ++i) lanes[i / kEach][i % kEach] = static_cast<std::uint32_t>(h >> 16) + i;
  for (; bytes >= kBlock; bytes -= kBlock, p += kBlock) {
    for (int i = 0; i < 3; ++i) __builtin_prefetch(p + 4096 + 64 * i);
#pragma GCC unroll 12
    for (int i = 0; i < kVectors; ++i) {
      Lanes words;
      std::memcpy(&words, p + i * sizeof(Lanes), sizeof(Lanes));
      lanes[i] = (lanes[i] ^ words) * 0x9e3779b1u;
    }
  }
  for (const Lanes& l : lanes)
    for (int k = 0; k < kEach; ++k) h = mix(h, l[k]);
  return hash_short(h, p, bytes);
}

// Elements in the order of the dimensions; repeated ones (stride 0) count once.
std::uint64_t hash(std::uint64_t h, const Tensor& t, int dim, const char* p, std::int64_t run, int run_dim) {
  if (dim == run_dim) return hash_run(h, p, run);
  const std::int64_t step = t.strides()[dim] * t.itemsize(), n = step == 0 ? 1 : t.shape()[dim];
  for (std::int64_t i = 0; i < n; ++i) h = hash(h, t, dim + 1, p + i * step, run, run_dim);
  return h;
}

std::mutex& list_mutex(const Storage& s) { return mutex_of<struct SavedLists, ForkLevel::saved>(&s); }

void insert(Storage& s, SavedTensor* t) {
  t->next = s.saved();
  if (t->next) t->next->previous = t;
  s.set_saved(t);
}
void remove(Storage& s, SavedTensor* t) {
  if (t->next) t->next->previous = t->previous;
  if (t->previous) t->previous->next = t->next;
  else s.set_saved(t->next);
  t->next = t->previous = nullptr;
}

}  // namespace

void set_border_guard(bool on) { g_on.store(on, std::memory_order_relaxed); }
bool border_guard() { return g_on.load(std::memory_order_relaxed); }

namespace guard {

std::uint64_t fingerprint(const Tensor& t) {
  std::uint64_t h = kPrime;
  if (t.numel() > 0) {
    // The dimensions from run_dim on lie without gaps.
    int run_dim = t.ndim();
    std::int64_t run = t.itemsize();
    while (run_dim > 0 && (t.strides()[run_dim - 1] * t.itemsize() == run || t.shape()[run_dim - 1] == 1))
      run *= t.shape()[--run_dim];
    h = hash(h, t, 0, t.data(), run, run_dim);
  }
  return h | 1;
}

bool fingerprint_at_once(const Tensor& t) {
  const Storage& s = t.storage();
  if (t.device().is_unified()) return false;  // the device may still write it; a host's view makes it be read
  return s.kind() == Storage::Kind::borrowed || s.kind() == Storage::Kind::shared || t.nbytes() <= kSmall;
}

std::uint64_t fingerprint_of(const SavedTensor& saved) {
  std::lock_guard lock(list_mutex(*saved.storage));
  return saved.fingerprint;
}

}  // namespace guard

SavedTensor::SavedTensor(const Tensor& t) : tensor(t), storage(t.impl()->storage) {
  {
    std::lock_guard lock(list_mutex(*storage));
    insert(*storage, this);
  }
  // Whoever exports looks at the list after the export is counted. While the host views unified memory, it is as written.
  if (t.device().is_unified() ? storage->has_host_view() : storage->exports() > 0) storage->fingerprint_saved();
}

SavedTensor::~SavedTensor() {
  std::lock_guard lock(list_mutex(*storage));
  if (previous || storage->saved() == this) remove(*storage, this);
}

void Storage::fingerprint_saved() {
  std::lock_guard lock(list_mutex(*this));
  while (SavedTensor* first = saved()) {
    const InUse reads(first->tensor);  // set_data() may give it other memory; then its version is wrong anyway
    first->fingerprint = guard::fingerprint(first->tensor);
    remove(*this, first);
  }
}

}  // namespace tenon
