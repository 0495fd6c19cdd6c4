#include "backends/cuda/host/order.h"

#include <atomic>
#include <cstdlib>
#include <map>
#include <mutex>
#include <random>

#include "tenon/macros.h"

namespace tenon::cuda::host {
namespace {

struct Choice {
  Order order = Order::forward;
  std::uint64_t seed = 0;
};

Choice parsed(const char* text) {
  const std::string_view name = text && *text ? text : "forward";
  if (name == "forward") return {};
  if (name == "reversed") return {Order::reversed, 0};
  return {Order::shuffled, std::strtoull(text, nullptr, 10)};
}

Choice& choice() {
  static Choice c = parsed(std::getenv("TENON_CUDA_ORDER"));
  return c;
}

std::mutex g_mutex;
std::map<std::string, int> g_sites;  // "file:line" where threads have waited since the last reset
std::string g_left_out;
std::atomic<bool> g_watched{false};

std::string name_of(const Site& site) {
  const std::string_view file = site.file_name();
  return std::string(file.substr(file.rfind('/') + 1)) + ":" + std::to_string(site.line());
}

}  // namespace

Order order() { return choice().order; }

std::vector<unsigned> permutation(unsigned n, std::uint64_t count) {
  std::vector<unsigned> p(n);
  for (unsigned i = 0; i < n; ++i) p[i] = order() == Order::reversed ? n - 1 - i : i;
  if (order() == Order::shuffled) {
    std::minstd_rand random(static_cast<std::uint_fast32_t>(choice().seed * 7919 + count + 1));
    for (unsigned i = n; i > 1; --i) std::swap(p[i - 1], p[random() % i]);
  }
  return p;
}

bool happens(const Site& site) {
  if (!g_watched.load(std::memory_order_relaxed)) return true;
  const std::string name = name_of(site);
  const std::lock_guard lock(g_mutex);
  ++g_sites[name];
  return name != g_left_out;
}

}  // namespace tenon::cuda::host

// ---- for tests ----

extern "C" {

TENON_API void tenon_cudahost_order(const char* name) { tenon::cuda::host::choice() = tenon::cuda::host::parsed(name); }
// Notes where threads wait from now on, and leaves out what waits there ("file:line"; "" for nothing). Null: ends it.
TENON_API void tenon_cudahost_watch(const char* left_out) {
  using namespace tenon::cuda::host;
  const std::lock_guard lock(g_mutex);
  g_sites.clear();
  g_left_out = left_out ? left_out : "";
  g_watched = left_out != nullptr;
}
// The i-th place where threads have waited; null: there are no more.
TENON_API const char* tenon_cudahost_site(int i) {
  using namespace tenon::cuda::host;
  static std::string name;
  const std::lock_guard lock(g_mutex);
  if (i >= static_cast<int>(g_sites.size())) return nullptr;
  name = std::next(g_sites.begin(), i)->first;
  return name.c_str();
}

}  // extern "C"
