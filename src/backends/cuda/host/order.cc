#include "backends/cuda/host/order.h"

#include <cstdlib>
#include <fstream>
#include <set>
#include <mutex>
#include <random>
#include <string_view>
#include <utility>

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
// For tests that leave one wait out. Waits are "file:line". TENON_CUDA_LEAVE_OUT: the one that does not happen.
// TENON_CUDA_SITES: a file that gets those that happen.
std::string setting(const char* name) {
  const char* text = std::getenv(name);
  return text ? text : "";
}
const std::string g_left_out = setting("TENON_CUDA_LEAVE_OUT"), g_list = setting("TENON_CUDA_SITES");
const bool g_watched = !g_left_out.empty() || !g_list.empty();
std::set<std::string> g_sites;

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
  if (!g_watched) return true;
  const std::string name = name_of(site);
  const std::lock_guard lock(g_mutex);
  if (!g_list.empty() && g_sites.insert(name).second) std::ofstream(g_list, std::ios::app) << name << "\n";
  return name != g_left_out;
}

}  // namespace tenon::cuda::host

// For tests: as TENON_CUDA_ORDER.
extern "C" TENON_API void tenon_cudahost_order(const char* name) {
  tenon::cuda::host::choice() = tenon::cuda::host::parsed(name);
}
