// Writes that bypass the cache, and ranges.
#include <cstring>

#include "backends/cpu/backend.h"
#include "backends/cpu/pack.h"
#include "backends/cpu/parallel.h"
#include "backends/scalar/convert.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace tenon::cpu {

void stream_copy(void* dst, const void* src, std::int64_t bytes) {
#if defined(__SSE2__)
  char* d = static_cast<char*>(dst);
  const char* s = static_cast<const char*>(src);
  std::int64_t i = 0;
  if (reinterpret_cast<std::uintptr_t>(d) % 16 == 0) {
    for (; i + 64 <= bytes; i += 64) {
      for (int k = 0; k < 64; k += 16)
        _mm_stream_si128(reinterpret_cast<__m128i*>(d + i + k),
                         _mm_loadu_si128(reinterpret_cast<const __m128i*>(s + i + k)));
    }
  }
  std::memcpy(d + i, s + i, static_cast<std::size_t>(bytes - i));
#else
  std::memcpy(dst, src, static_cast<std::size_t>(bytes));
#endif
}

void finish_writes() {
#if defined(__SSE2__)
  _mm_sfence();
#endif
}

Status iota(const IotaCall& c) {
  return dispatch(c.dtype, [&]<class T>() -> Status {
    T* out = static_cast<T*>(c.out);
    parallel_for(c.n, kGrain, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i)
        out[i] = c.integers ? scalar::convert<T>(c.istart + i * c.istep)
                            : scalar::convert<T>(c.start + static_cast<double>(i) * c.step);
    });
    return Status::ok;
  });
}

}  // namespace tenon::cpu
