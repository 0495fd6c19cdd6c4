// Memory of a device that another library lends, and the streams of both: the borrower's work comes after the lender's, and
// what the lender does with the memory afterwards comes after the borrower's work.
#pragma once

#include <cstdint>

#include "tenon/devices.h"
#include "tenon/dlpack.h"

namespace tenon::py {

// The lender's stream, by the driver's number of it (null: the default one). This thread's current stream waits for it.
// Throws DeviceError where the device or the stream is not there.
Stream borrow_after(Device device, std::uintptr_t handle);
// The lender's stream waits for this thread's current one, and for `borrower`.
void give_back(Stream lender, Stream borrower) noexcept;

// The same struct, whose deleter gives the memory back first. On an error nothing has happened to it.
dlpack::DLManagedTensorVersioned* with_lease(dlpack::DLManagedTensorVersioned* managed, std::uintptr_t handle);

}  // namespace tenon::py
