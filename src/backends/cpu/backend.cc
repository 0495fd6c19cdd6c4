#include "backends/cpu/backend.h"

#include <cstring>
#include <exception>
#include <new>
#include <utility>

#include "tenon/backend_abi.h"

namespace tenon::cpu {
namespace {

thread_local Failure t_failure{};

Status failed(const char* op, const char* why) noexcept {
  Failure& f = t_failure = Failure{};
  f.status = Status::failed;
  std::strncpy(f.op, op, sizeof f.op - 1);
  std::strncpy(f.what, why, sizeof f.what - 1);
  return f.status;
}

// An entry of the table: nothing is thrown across the border. There is one stream, which has always passed.
template <auto F>
struct Entry;
template <class... A, Status (*F)(A...)>
struct Entry<F> {
  static Status run(Stream, const char* op, A... arguments) noexcept {
    try {
      return F(std::forward<A>(arguments)...);
    } catch (const std::bad_alloc&) { return Status::out_of_memory; } catch (const std::exception& e) {
      return failed(op, e.what());
    }
  }
};

}  // namespace

extern constinit const Backend kTable = [] {
  Backend t{};
  t.abi = kBackendAbi;
  t.name = "cpu";
  t.device_count = []() noexcept { return 1; };
  t.last_error = [](int, Failure* out) noexcept { *out = t_failure; };
  t.elementwise = &Entry<&elementwise>::run;
  t.reduce = &Entry<&reduce>::run;
  t.scan = &Entry<&scan>::run;
  t.softmax = &Entry<&softmax>::run;
  t.matmul = &Entry<&matmul>::run;
  t.index = &Entry<&index>::run;
  t.random = &Entry<&random>::run;
  t.iota = &Entry<&iota>::run;
  t.sort = &Entry<&sort>::run;
  t.select = &Entry<&select>::run;
  t.count_true = &Entry<&count_true>::run;
  t.true_positions = &Entry<&true_positions>::run;
  t.masked = &Entry<&masked>::run;
  t.index_range = &Entry<&index_range>::run;
  t.program = &Entry<&program>::run;
  return t;
}();

const Backend& backend() { return kTable; }

}  // namespace tenon::cpu
