// DLPack: structs with any fields. Where the geometry is possible its memory is there, to the byte; an import that
// fails must leave the struct with its producer, one that succeeds must call the deleter once.
#include <cstring>

#include "fuzz.h"
#include "tenon/dlpack.h"

namespace {

using namespace tenon;

constexpr std::int64_t kMost = 1 << 14;

// The bytes that a producer's shape and strides reach, if they are few.
bool extent(const dlpack::DLTensor& t, std::int64_t& low, std::int64_t& high) {
  low = high = 0;
  const __int128 size = t.dtype.bits / 8 * t.dtype.lanes;
  __int128 first = 0, last = 0, compact = 1;
  for (int d = 0; d < t.ndim; ++d)
    if (t.shape[d] <= 0) return t.shape[d] == 0;
  for (int d = t.ndim; d-- > 0;) {
    const __int128 reach = (t.shape[d] - 1) * (t.strides ? static_cast<__int128>(t.strides[d]) : compact);
    compact *= t.shape[d];
    if (compact > kMost) return false;
    (reach < 0 ? first : last) += reach;
  }
  if (first < -kMost || last > kMost || (last - first + 1) * size > kMost) return false;
  low = static_cast<std::int64_t>(first * size);
  high = static_cast<std::int64_t>((last + 1) * size);
  return true;
}

template <class Managed, class Import>
void one(Managed& m, fuzz::Bytes& in, Import import) {
  constexpr int kDims = 66;
  std::int64_t shape[kDims], strides[kDims];
  static int deleted;
  deleted = 0;
  dlpack::DLTensor& t = m.dl_tensor;
  const unsigned kind = in.byte();
  t.ndim = kind < 224 ? kind % 6 : kind < 240 ? 65 : kind < 248 ? 64 : static_cast<std::int32_t>(in.word());
  const int dims = std::clamp(t.ndim, 0, kDims);
  for (int d = 0; d < dims; ++d) shape[d] = kind >= 224 && kind < 248 ? 1 : in.size();
  for (int d = 0; d < dims; ++d) strides[d] = in.byte() % 3 == 0 ? ~in.size() : in.size();
  t.shape = in.below(16) ? shape : nullptr;
  t.strides = in.below(4) ? strides : nullptr;
  t.device = {static_cast<dlpack::DLDeviceType>(in.below(8) ? 1 : in.byte()),
              in.below(8) ? 0 : static_cast<int>(in.byte())};
  static constexpr std::uint8_t kBits[] = {8, 16, 32, 64, 128, 4, 1, 0};
  t.dtype = {static_cast<std::uint8_t>(in.below(20)), kBits[in.below(8)],
             static_cast<std::uint16_t>(in.below(16) ? 1 : in.byte())};
  t.byte_offset = in.below(4) ? 0 : in.below(64);
  m.deleter = in.below(16) ? +[](Managed*) { ++deleted; } : nullptr;

  std::int64_t low = 0, high = 0;
  const bool possible = t.ndim >= 0 && t.ndim <= kDims && (t.ndim == 0 || t.shape) && extent(t, low, high);
  const auto bytes = static_cast<std::size_t>(high - low);
  char* memory = static_cast<char*>(std::aligned_alloc(64, (bytes + 127) / 64 * 64));
  // ASan's byte-exact end: what lies behind the elements belongs to nobody.
  char* begin = new char[bytes + 1];
  std::memset(begin, 1, bytes + 1);
  const bool exact = reinterpret_cast<std::uintptr_t>(begin) % 16 == 0;
  char* base = exact ? begin : memory;
  std::memset(memory, 1, bytes);
  t.data = possible && in.below(16) ? base - low - static_cast<std::int64_t>(t.byte_offset) : nullptr;
  bool imported = false;
  fuzz::survives([&] {
    const Tensor x = import(&m);
    imported = true;
    fuzz::require(deleted == 0, "deleted while the tensor lives");
    if (possible) fuzz::read_all(x);
  });
  fuzz::require(deleted == (imported && m.deleter ? 1 : 0), "the deleter's calls");
  delete[] begin;
  std::free(memory);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Bytes in({data, size});
  fuzz::limit_allocations(1 << 23, 1);
  if (in.below(2)) {
    dlpack::DLManagedTensorVersioned m{};
    m.version = {in.below(8) ? 1u : in.byte(), in.byte()};
    m.flags = in.byte();
    one(m, in, [](auto* p) { return dlpack::import_versioned(p); });
  } else {
    dlpack::DLManagedTensor m{};
    const bool read_only = in.below(2);
    one(m, in, [&](auto* p) { return dlpack::import_unversioned(p, read_only); });
  }
  return 0;
}
