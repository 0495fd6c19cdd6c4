// Host memory that the simulated driver has page-locked.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>

namespace tenon::sim {

class Pins {
 public:
  // False above the limit, as a driver has one. Locking a byte twice is a fault.
  bool add(void* data, std::int64_t bytes);
  void remove(void* data);
  // Whether all of the bytes are locked.
  bool contains(const void* data, std::int64_t bytes) const;
  std::int64_t bytes() const;

 private:
  mutable std::mutex mutex_;
  std::map<const char*, std::int64_t> sizes_;
  std::int64_t bytes_ = 0;
};

Pins& pins();

}  // namespace tenon::sim
