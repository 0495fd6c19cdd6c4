// Moving values: copies, casts, fills, pages.
// What holds for all operations stands in tenon/ops.h.
#pragma once

#include <optional>

#include "tenon/tensor.h"

namespace tenon {

// t's values, row-major.
TENON_API Tensor clone(const Tensor& t);
// t itself where it is row-major without gaps, otherwise clone(t).
TENON_API Tensor contiguous(const Tensor& t);
// t itself where nothing changes (unless copy), otherwise converted or moved, with the dimensions in the same order in
// memory if only the dtype changes. Complex to real drops the imaginary part, float to integer the fraction.
// non_blocking: between the CPU and a device it returns before the bytes have moved, if the CPU's are page-locked (those
// of a result there are locked where the driver allows it). They must neither be read nor written until the device's
// current stream has passed; their storage stays alive until then.
TENON_API Tensor to(const Tensor& t, std::optional<DType> dtype, std::optional<Device> device = {}, bool copy = false,
                    bool non_blocking = false);
// Writes source, broadcast to self's shape and converted as by to(), into self; it may live on another device. Throws
// ShapeError, DtypeError for complex into real, GradError for a source that requires grad into integers or bools.
// non_blocking as by to(), where both are contiguous and of one dtype.
TENON_API Tensor& copy_(Tensor& self, const Tensor& source, bool non_blocking = false);
// Throws OverflowError for an integer out of the dtype's bounds, DtypeError for a complex value into another dtype.
TENON_API Tensor& fill_(Tensor& self, const Scalar& value);
// Changes the shape in place, keeping the common elements in row-major order; new ones are unset. Throws BufferError
// while the storage is exported or other tensors view it, RuntimeError if it is borrowed, mapped or shared with
// processes, GradError if self requires grad, ReadOnlyError.
TENON_API Tensor& resize_(Tensor& self, const Dims& shape);
// Moves the bytes to memory that other processes can map, too; nothing where they lie there, or on a device. Throws
// BufferError while the storage is exported or other tensors view it, RuntimeError if it is borrowed or mapped.
TENON_API Tensor& share_memory_(Tensor& self);
// Gives self the memory, the geometry and the dtype of source, without a copy: both stand over the same bytes then. A
// leaf stays the tensor that it is, with its .grad (dropped where the shape differs), hooks and views of old bytes. Throws
// GradError for the result of a recorded operation and for a leaf that requires grad where source is not differentiable.
TENON_API Tensor& set_data(Tensor& self, const Tensor& source);
// A tensor on the CPU over the bytes of one in unified memory, without a copy: a view of the host's. It waits for the
// device's work on them. self where it is on the CPU already. Throws DeviceError for a device's own memory.
TENON_API Tensor on_host(const Tensor& self);
// A tensor on a unified device over the bytes of one on the CPU, which the device works with where they are. The host may
// look at them at any time, so the device's work never outlasts its call. Throws DeviceError, in the name of op, where the
// device reads no memory of the host's.
TENON_API Tensor adopt(const char* op, const Tensor& self, Device device);
// Page-locks self's storage where it is, borrowed bytes too, until unpin_() or the storage's end, so that a device
// copies at the bus's full speed. Throws DeviceError without a device, for a tensor that is on one, where the driver
// refuses, and where another storage has pinned a part of the bytes.
TENON_API Tensor& pin_(Tensor& self);
// Undoes pin_(); nothing where it was not called. Bytes that another storage has pinned, too, stay so.
TENON_API Tensor& unpin_(Tensor& self);
// self where its bytes are page-locked, otherwise a row-major copy whose bytes are. Throws as pin_().
TENON_API Tensor pin_memory(const Tensor& self);
// Whether all bytes that self reaches are page-locked, by any storage; false on a device and without elements.
TENON_API bool is_pinned(const Tensor& self);

}  // namespace tenon
