#include <sanitizer/allocator_interface.h>

#include "fuzz.h"

namespace tenon::fuzz {
namespace {

constexpr std::size_t kAlways = std::size_t{1} << 21;  // zlib's windows, the blocks that are read at once
thread_local std::size_t limit = SIZE_MAX;

void on_malloc(const volatile void*, std::size_t size) {
  if (size <= limit) return;
  limit = SIZE_MAX;
  std::fprintf(stderr, "fuzz: %zu bytes were allocated at once, which the input does not back\n", size);
  std::abort();
}
void on_free(const volatile void*) {}

}  // namespace

void limit_allocations(std::size_t input_bytes, std::size_t factor) {
  static const int installed = __sanitizer_install_malloc_and_free_hooks(&on_malloc, &on_free);
  require(installed > 0, "no hooks");
  limit = kAlways + factor * input_bytes;
}

}  // namespace tenon::fuzz
