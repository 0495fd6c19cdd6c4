// Every barrier of every kernel is needed: with one of them left out, a test of that kernel fails, in one of the orders of
// warps. This proves that the host way can see a barrier that is missing.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>

#include "cuda.h"

namespace tenon {
namespace {

using namespace test;

const std::string kProgram = std::filesystem::read_symlink("/proc/self/exe").string();

// Runs tests in a process of their own. Whether all pass.
bool passes(const std::string& filter, const std::string& environment) {
  return std::system((environment + " TENON_SIM_DELAY=0 timeout 300 '" + kProgram +
                      "' --gtest_brief=1 '--gtest_filter=" + filter + "' >/dev/null 2>&1")
                         .c_str()) == 0;
}

// "file:line" of each barrier in the kernels' sources.
std::set<std::string> barriers() {
  std::set<std::string> found;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(TENON_CUDA_SOURCES)) {
    const auto extension = entry.path().extension();
    if (extension != ".cu" && extension != ".cuh") continue;
    std::ifstream file(entry.path());
    int number = 1;
    for (std::string line; std::getline(file, line); ++number)
      if (line.find("t.sync()") != std::string::npos || line.find("t.sync_warp()") != std::string::npos)
        found.insert(entry.path().filename().string() + ":" + std::to_string(number));
  }
  return found;
}

// The tests that come by a barrier.
std::map<std::string, std::string> tests_of_barriers() {
  std::map<std::string, std::string> filters;
  for (const char* test : {"copy", "reduce", "scan", "softmax", "matmul", "masks", "sort", "select", "normalization",
                           "convolution", "attention", "ctc"}) {
    const std::string sites = std::string("/tmp/tenon_cuda_sites_") + std::to_string(getpid());
    EXPECT_TRUE(passes(std::string("Kernels.") + test, "TENON_CUDA_SITES=" + sites)) << test;
    std::ifstream file(sites);
    for (std::string site; std::getline(file, site);) {
      std::string& filter = filters[site];
      filter += (filter.empty() ? "Kernels." : ":Kernels.") + std::string(test);
    }
    std::filesystem::remove(sites);
  }
  return filters;
}

TEST(Mutations, EveryBarrierIsNeeded) {
  const std::set<std::string> expected = barriers();
  EXPECT_GE(expected.size(), 8u);
  const auto tests = tests_of_barriers();
  for (const std::string& site : expected) {
    const auto test = tests.find(site);
    if (test == tests.end()) {
      ADD_FAILURE() << "no test comes by " << site;
      continue;
    }
    bool found = false;
    for (const char* order : kOrders)
      found = found || !passes(test->second, "TENON_CUDA_LEAVE_OUT=" + site + " TENON_CUDA_ORDER=" + order);
    EXPECT_TRUE(found) << test->second << " passes without the barrier at " << site;
  }
}

}  // namespace
}  // namespace tenon
