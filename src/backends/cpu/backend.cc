#include "backends/cpu/backend.h"

#include <cstring>
#include <exception>
#include <new>

#include "core/interrupt.h"
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
template <class Call, Status (*F)(const Call&)>
Status run(Stream, const char* op, const Call& c) noexcept {
  try {
    return F(c);
  } catch (const std::bad_alloc&) { return Status::out_of_memory; } catch (const Interrupted&) {
    leave_interrupted();
    return Status::failed;
  } catch (const std::exception& e) { return failed(op, e.what()); }
}

}  // namespace

extern constinit const Backend kTable = [] {
  Backend t{};
  t.abi = kBackendAbi;
  t.name = "cpu";
  t.device_count = []() noexcept { return 1; };
  t.last_error = [](int, Failure* out) noexcept { *out = t_failure; };
#define TENON_ENTRY(name, call) t.name = &run<call, &name>;
  TENON_ENTRIES(TENON_ENTRY)
#undef TENON_ENTRY
  return t;
}();

const Backend& backend() { return kTable; }

}  // namespace tenon::cpu
