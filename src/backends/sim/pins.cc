#include "backends/sim/pins.h"

#include <cstdio>
#include <cstdlib>

namespace tenon::sim {
namespace {

constexpr std::int64_t kLimit = std::int64_t{64} << 20;

[[noreturn]] void broken(const char* what, const void* address) {
  std::fprintf(stderr, "tenon_cudasim: %s at %p; a driver would refuse\n", what, address);
  std::abort();
}

}  // namespace

bool Pins::add(void* data, std::int64_t bytes) {
  const char* begin = static_cast<const char*>(data);
  std::lock_guard lock(mutex_);
  for (const auto& [other, size] : sizes_)
    if (begin < other + size && other < begin + bytes) broken("pin: a byte is locked already", data);
  if (bytes_ + bytes > kLimit) return false;
  sizes_[begin] = bytes;
  bytes_ += bytes;
  return true;
}

void Pins::remove(void* data) {
  std::lock_guard lock(mutex_);
  const auto it = sizes_.find(static_cast<const char*>(data));
  if (it == sizes_.end()) broken("unpin: nothing is locked", data);
  bytes_ -= it->second;
  sizes_.erase(it);
}

bool Pins::contains(const void* data, std::int64_t bytes) const {
  const char* begin = static_cast<const char*>(data);
  std::lock_guard lock(mutex_);
  auto it = sizes_.upper_bound(begin);
  if (it == sizes_.begin()) return false;
  --it;
  return begin + bytes <= it->first + it->second;
}

std::int64_t Pins::bytes() const {
  std::lock_guard lock(mutex_);
  return bytes_;
}

Pins& pins() {
  static Pins* p = new Pins;  // tensors may outlive static objects
  return *p;
}

}  // namespace tenon::sim
