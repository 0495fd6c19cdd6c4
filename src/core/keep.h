// Storages that a stream still reads or writes though nobody else may have them: those of asynchronous copies.
#pragma once

#include "tenon/devices.h"
#include "tenon/storage.h"

namespace tenon {

// So much may be kept. A host that runs ahead of its device would otherwise fill its memory with batches under way.
inline constexpr std::size_t kMostKept = 256;
inline constexpr std::int64_t kMostKeptBytes = std::int64_t{1} << 30;

// Keeps the storage until the stream has done what it was given so far. Waits for the stream where more than that is kept
// then; throws what such a wait finds.
void keep_until_passed(Stream stream, Ref<Storage> storage);
// Lets go of those whose stream has passed. Whatever waits or moves bytes calls it, since a backend's own thread may
// not: the end of a storage calls the device.
void let_go_of_passed() noexcept;

}  // namespace tenon
