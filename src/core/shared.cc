// Memory that processes share: sealed files in memory, each mapped once. Small storages lie side by side in one file, since
// a process may have few descriptors. Its bytes are never given out again: another process may still look at them.
#include "core/shared.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <mutex>
#include <new>
#include <utility>

#include "core/errors.h"
#include "core/fork.h"
#include "tenon/storage.h"

namespace tenon {
namespace {

constexpr int kSeals = F_SEAL_SHRINK | F_SEAL_GROW;
constexpr std::int64_t kAlignment = 64;
constexpr std::int64_t kPool = std::int64_t{4} << 20;  // of addresses: pages come with the first write
constexpr std::int64_t kOwnFrom = std::int64_t{1} << 20;  // such storages have a file each

struct File {
  std::pair<dev_t, ino_t> key;
  int descriptor;
  char* base;
  std::int64_t size;
  std::int64_t used;  // the bytes up to here are given out
  int storages = 0;
};

class Files {
 public:
  // A file with that many bytes that nobody has, which begin at `offset`.
  File* take(std::int64_t bytes, std::int64_t& offset) {
    const std::int64_t size = (bytes + kAlignment - 1) / kAlignment * kAlignment;
    std::lock_guard lock(mutex_);
    File* f = size < kOwnFrom ? pool_ : nullptr;
    if (!f || f->used > f->size - size) {
      f = create(size < kOwnFrom ? kPool : size);
      if (size < kOwnFrom) pool_ = f;
    }
    offset = std::exchange(f->used, f->used + size);
    ++f->storages;
    return f;
  }

  // The file behind a descriptor, which is taken; nullptr, with nothing taken, for what take() has not made.
  File* open(int descriptor) {
    struct stat st{};
    const int seals = fcntl(descriptor, F_GET_SEALS);
    if (seals < 0 || (seals & kSeals) != kSeals || fstat(descriptor, &st) != 0 || st.st_size <= 0) return nullptr;
    std::lock_guard lock(mutex_);
    const auto known = files_.find({st.st_dev, st.st_ino});
    if (known != files_.end()) close(descriptor);
    File* f = known != files_.end() ? &known->second : map(descriptor, st);
    if (f) ++f->storages;
    return f;
  }

  void join(File* f) {
    std::lock_guard lock(mutex_);
    ++f->storages;
  }

  void leave(File* f) noexcept {
    std::map<std::pair<dev_t, ino_t>, File>::node_type last;
    {
      std::lock_guard lock(mutex_);
      if (--f->storages > 0) return;
      if (pool_ == f) pool_ = nullptr;
      last = files_.extract(f->key);
    }
    munmap(f->base, static_cast<std::size_t>(f->size));
    close(f->descriptor);
  }

  void lock() { mutex_.lock(); }
  void unlock() { mutex_.unlock(); }
  // A forked child shares the files, and each process would give out the same bytes of the pool.
  void unlock_in_child() {
    pool_ = nullptr;
    unlock();
  }

 private:
  File* create(std::int64_t size) {
    const int fd = memfd_create("tenon", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0 && (errno == EMFILE || errno == ENFILE))
      errors::file("share_memory_", errno, "memfd:tenon", "no file descriptor for the memory: ");
    if (fd < 0) throw std::bad_alloc();
    // Sealed: a process that has the descriptor must not take pages away from those that have mapped them.
    try {
      struct stat st{};
      const bool made = ftruncate(fd, size) == 0 && fcntl(fd, F_ADD_SEALS, kSeals) == 0 && fstat(fd, &st) == 0;
      File* f = made ? map(fd, st) : nullptr;
      if (!f) throw std::bad_alloc();
      f->used = 0;
      return f;
    } catch (...) {
      close(fd);
      throw;
    }
  }

  File* map(int descriptor, const struct stat& st) {
    const std::pair key{st.st_dev, st.st_ino};
    File& f = files_.try_emplace(key, File{key, descriptor, nullptr, st.st_size, st.st_size}).first->second;
    void* base = mmap(nullptr, static_cast<std::size_t>(st.st_size), PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    if (base == MAP_FAILED) {
      files_.erase(key);
      return nullptr;
    }
    f.base = static_cast<char*>(base);
    return &f;
  }

  std::mutex mutex_;
  std::map<std::pair<dev_t, ino_t>, File> files_;  // all that are mapped
  File* pool_ = nullptr;  // where small storages are made
};

Files& files() { return held_over_forks<Files, ForkLevel::memory>(); }

}  // namespace

void leave_shared_file(void* file) noexcept { files().leave(static_cast<File*>(file)); }

// The storage's header exists before the file has one more: nothing is left to undo when it cannot be made.
Ref<Storage> Storage::share(std::int64_t bytes) {
  Ref<Storage> s = borrow(nullptr, 0, kCpu, nullptr, nullptr);
  std::int64_t offset = 0;
  File* f = files().take(std::max<std::int64_t>(bytes, 1), offset);
  s->lie_in(f, f->descriptor, f->base + offset, std::max<std::int64_t>(bytes, 1));
  return s;
}

Ref<Storage> Storage::attach(int descriptor) {
  Ref<Storage> s = borrow(nullptr, 0, kCpu, nullptr, nullptr);
  File* f = files().open(descriptor);
  if (!f) errors::fail("shared_memory", "descriptor ", descriptor, " is no shared memory of a tensor's");
  s->lie_in(f, f->descriptor, f->base, f->size);
  return s;
}

Ref<Storage> Storage::part(std::int64_t offset, std::int64_t bytes) const {
  if (kind_ != Kind::shared) errors::fail("shared_memory", "the storage is no shared memory");
  auto* f = static_cast<File*>(context_);
  if (offset < 0 || bytes <= 0 || bytes > f->size || offset > f->size - bytes)
    errors::fail("shared_memory", bytes, " bytes at ", offset, " do not lie in the memory's ", f->size);
  Ref<Storage> s = borrow(nullptr, 0, kCpu, nullptr, nullptr);
  files().join(f);
  s->lie_in(f, f->descriptor, f->base + offset, bytes);
  return s;
}

std::int64_t Storage::offset_in_file() const {
  return kind_ == Kind::shared ? static_cast<char*>(data_) - static_cast<File*>(context_)->base : 0;
}

void Storage::lie_in(void* file, int descriptor, void* data, std::int64_t bytes) {
  kind_ = Kind::shared;
  context_ = file;
  descriptor_ = descriptor;
  data_ = data;
  bytes_ = bytes;
}

}  // namespace tenon
