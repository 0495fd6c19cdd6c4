#include "lease.h"

#include <memory>

namespace tenon::py {
namespace {

using dlpack::DLManagedTensorVersioned;

struct Leased {
  DLManagedTensorVersioned managed;
  DLManagedTensorVersioned* original;
  Stream lender, borrower;
};

void end_lease(DLManagedTensorVersioned* managed) {
  const std::unique_ptr<Leased> l(static_cast<Leased*>(managed->manager_ctx));
  give_back(l->lender, l->borrower);
  if (l->original->deleter) l->original->deleter(l->original);
}

}  // namespace

Stream borrow_after(Device device, std::uintptr_t handle) {
  const Stream lender = stream_of(device, handle ? handle : 1);
  wait(current_stream(device), lender);
  return lender;
}

void give_back(Stream lender, Stream borrower) noexcept {
  try {
    wait(lender, borrower);
    if (const Stream current = current_stream(lender.device); current != borrower) wait(lender, current);
  } catch (...) {
    return;  // a lost device, or one of the process that was forked: nothing runs there
  }
}

DLManagedTensorVersioned* with_lease(DLManagedTensorVersioned* managed, std::uintptr_t handle) {
  const Device device = dlpack::device_from(managed->dl_tensor.device);
  auto l = std::make_unique<Leased>(Leased{*managed, managed, borrow_after(device, handle), current_stream(device)});
  l->managed.manager_ctx = l.get();
  l->managed.deleter = &end_lease;
  return &l.release()->managed;
}

}  // namespace tenon::py
