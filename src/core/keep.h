// Storages that a stream still reads or writes though nobody else may have them: those of asynchronous copies.
#pragma once

#include "tenon/devices.h"
#include "tenon/storage.h"

namespace tenon {

// Keeps the storage until the stream has done what it was given so far.
void keep_until_passed(Stream stream, Ref<Storage> storage);
// Lets go of those whose stream has passed. Whatever waits or moves bytes calls it, since a backend's own thread may
// not: the end of a storage calls the device.
void let_go_of_passed() noexcept;

}  // namespace tenon
