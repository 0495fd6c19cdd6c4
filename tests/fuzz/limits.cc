// The bound on what is allocated at once. A sanitizer tells of allocations; elsewhere the allocator's functions are ours
// and pass on to glibc's.
#include "fuzz.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define TENON_FUZZ_HOOKS 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define TENON_FUZZ_HOOKS 1
#endif
#endif

#ifdef TENON_FUZZ_HOOKS
// Of <sanitizer/allocator_interface.h>, which GCC does not bring.
extern "C" int __sanitizer_install_malloc_and_free_hooks(void (*)(const volatile void*, std::size_t),
                                                         void (*)(const volatile void*));
#endif

namespace tenon::fuzz {
namespace {

constexpr std::size_t kAlways = std::size_t{1} << 21;  // zlib's windows, the blocks that are read at once
constinit thread_local std::size_t limit = SIZE_MAX;

void check(std::size_t size) {
  if (size <= limit) return;
  limit = SIZE_MAX;
  std::fprintf(stderr, "fuzz: %zu bytes were allocated at once, which the input does not back\n", size);
  std::abort();
}

#ifdef TENON_FUZZ_HOOKS
void on_malloc(const volatile void*, std::size_t size) { check(size); }
void on_free(const volatile void*) {}
#endif

}  // namespace

void limit_allocations(std::size_t input_bytes, std::size_t factor) {
#ifdef TENON_FUZZ_HOOKS
  static const int installed = __sanitizer_install_malloc_and_free_hooks(&on_malloc, &on_free);
  require(installed > 0, "no hooks");
#endif
  limit = kAlways + factor * input_bytes;
}

}  // namespace tenon::fuzz

#ifndef TENON_FUZZ_HOOKS
extern "C" {
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t n, std::size_t size);
void* __libc_realloc(void* p, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);

void* malloc(std::size_t size) noexcept {
  tenon::fuzz::check(size);
  return __libc_malloc(size);
}
void* calloc(std::size_t n, std::size_t size) noexcept {
  tenon::fuzz::check(n * size);
  return __libc_calloc(n, size);
}
void* realloc(void* p, std::size_t size) noexcept {
  tenon::fuzz::check(size);
  return __libc_realloc(p, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
  tenon::fuzz::check(size);
  return __libc_memalign(alignment, size);
}
}
#endif
