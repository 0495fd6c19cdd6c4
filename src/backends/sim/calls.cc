// A call checks its operands, is copied with the arrays that it points to, and runs in its turn on the stream's worker: with
// the CPU's kernels, on the other mapping of the same memory. Calls describe themselves (tenon/calls.h), so there is one
// entry for all of them.
#include "backends/sim/calls.h"

#include <algorithm>
#include <cstdio>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include "backends/sim/check.h"
#include "backends/sim/device.h"
#include "backends/sim/graphs.h"

namespace tenon::sim {
namespace {

const Backend& cpu() { return backend(kCpu); }

// A call with copies of the host's arrays, for later.
template <class Call>
class Kept {
 public:
  Kept(Kept&&) = default;
  Kept(const Kept& other) : Kept(other.call) {}  // of these, too
  explicit Kept(const Call& c) : call(c) {
    const auto keep = [this]<class T>(T*& p, std::int64_t n) {
      if (n == 0) return;
      const auto copy = std::make_shared<std::remove_const_t<T>[]>(static_cast<std::size_t>(n));
      std::copy_n(p, n, copy.get());
      p = copy.get();
      arrays_.push_back(copy);
    };
    if constexpr (requires { call.arrays(keep); }) call.arrays(keep);
  }

  Call call;

 private:
  std::vector<std::shared_ptr<void>> arrays_;
};

// On the worker.
template <class Call>
Status compute(Entry<Call> entry, const char* op, const Call& c) {
  return entry({}, op, c);
}

Status bad_index(const char* op, std::int64_t index, const IndexOperand& x) {
  Failure f{};
  f.status = Status::bad_index;
  std::snprintf(f.op, sizeof f.op, "%s", op);
  f.index = index;
  f.size = x.base_size;
  f.axis = x.axis;
  return fail(f);
}

// As a kernel does, it checks the indices that nobody has checked.
Status compute(Entry<IndexCall> entry, const char* op, IndexCall& c) {
  std::vector<std::vector<std::int64_t>> checked(static_cast<std::size_t>(c.n_indices));
  for (std::size_t i = 0; i < checked.size(); ++i) {
    IndexOperand& x = c.indices[i];
    const Reach e = c.reach(DType::int64, x.loop_strides);
    if (x.checked || e.empty) continue;
    const std::int64_t before = e.low / 8;  // index tensors are contiguous, so that these are all indices
    checked[i].assign(x.data + before, x.data + e.high / 8);
    for (std::int64_t& v : checked[i]) {
      const std::int64_t at = v < 0 && x.from_end ? v + x.base_size : v;
      if (at < 0 || at >= x.base_size) return bad_index(op, v, x);
      v = at;
    }
    x.data = checked[i].data() - before;
    x.checked = true;
  }
  return entry({}, op, c);
}

// What went wrong is noted, as a GPU would, for whoever waits.
void note(Sim& d, Status status) {
  if (status == Status::ok) return;
  Failure f{};
  if (status == Status::bad_index) last_error(&f);
  else cpu().last_error(0, &f);
  f.status = status == Status::unavailable ? Status::failed : status;
  d.note(f);
}

// Null where the call cannot be given to the stream, which the thread's failure then says.
Queue* queue_for(Sim& d, const char* op, Stream stream) {
  Queue* q = d.queue(stream.index);
  if (!q) fail(op, Status::failed, "there is no such stream");
  else if (take(d.injected.launches)) fail(op, Status::failed, "the driver refused the launch");
  else return q;
  return nullptr;
}

template <class Call, Entry<Call> Backend::* Member>
Status run(Stream stream, const char* op, const Call& c) noexcept {
  Sim* d = device_at(op, stream.device.index);
  if (!d) return Status::failed;
  Kept<Call> kept(c);
  Queue* q = queue_for(*d, op, stream);
  if (!q) return Status::failed;
  kept.call.operands(
      [&, check = Checker(op, stream.device.index, d->memory)](const char* what, const void* p, const Reach& e) {
        check.operand(what, p, e);
        hold_for_capture(*q, stream.device.index, p);
      });
  // A GPU backend knows at once whether it has a kernel. So does this one, by a call without elements.
  const Entry<Call> entry = cpu().*Member;
  Call none = c;
  none.clear();
  if (!entry || entry({}, op, none) != Status::ok) return Status::unavailable;
  q->push([d, op, entry, kept = std::move(kept)] {
    if (d->injected.lost) return;
    if (take(d->injected.late_launches)) return d->note_launch(op);
    Kept<Call> own(kept);  // a graph's task runs again
    own.call.operands([d](const char*, auto*& p, const Reach&) { p = d->memory.translate(p); });
    note(*d, compute(entry, op, own.call));
  });
  if constexpr (requires { Call::waits; }) {
    q->wait();
    return d->report();
  }
  return Status::ok;
}

}  // namespace

void add_operations(Backend& table) {
#define TENON_ENTRY(name, call) table.name = &run<call, &Backend::name>;
  TENON_ENTRIES(TENON_ENTRY)
#undef TENON_ENTRY
  // What only a backend at hand knows, and what tests are to see served by other entries.
  table.index_range = nullptr;
  table.masked = nullptr;
}

}  // namespace tenon::sim
