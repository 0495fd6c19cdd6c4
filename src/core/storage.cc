#include "tenon/storage.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <mutex>
#include <new>
#include <vector>

#include "core/errors.h"
#include "core/fork.h"
#include "core/freelist.h"
#include "core/keep.h"
#include "core/launch.h"
#include "core/shared.h"
#include "core/unified.h"

namespace tenon {
namespace {

// Small storages share one block with their header: 128 bytes, then 64 << class bytes of payload.
constexpr int kSmallClasses = 7;
constexpr int kHeaderOnly = kSmallClasses;
constexpr std::int64_t kHeader = 128;
constexpr std::int64_t kSmallMax = 64 << (kSmallClasses - 1);
static_assert(sizeof(Storage) <= kHeader);

// initial-exec: found by an offset instead of a call; it is small.
[[gnu::tls_model("initial-exec")]] constinit thread_local FreeLists<kSmallClasses + 1> t_headers;

FreeList& header_list(int size_class) {
  [[gnu::tls_model("initial-exec")]] thread_local bool registered = (closing(t_headers), true);
  (void)registered;
  return t_headers.lists[size_class];
}
std::size_t header_bytes(int size_class) {
  return size_class == kHeaderOnly ? kHeader : static_cast<std::size_t>(kHeader + (64 << size_class));
}

constexpr std::int64_t kHuge = std::int64_t{2} << 20;

// Freed blocks by size, oldest first, under a cap. Fresh pages are what large results cost most
// (64 MB: 31 ms with fresh 4 KB pages, 12 ms with a recycled block), so they are kept.
class BlockCache {
 public:
  BlockCache() {
    const std::int64_t ram = static_cast<std::int64_t>(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGESIZE);
    limit_ = TENON_NO_POOLS ? 0 : std::min<std::int64_t>(ram / 8, std::int64_t{4} << 30);
  }

  static std::int64_t rounded(std::int64_t bytes) {
    if (bytes > INT64_MAX - kHuge) throw std::bad_alloc();
    if (bytes >= 2 * kHuge) return (bytes + kHuge - 1) / kHuge * kHuge;
    std::int64_t step = 1024;  // a quarter of the power of two below
    while (step * 8 <= bytes) step *= 2;
    return (bytes + step - 1) / step * step;
  }

  void* take(std::int64_t size, bool& recycled) {
    {
      std::lock_guard lock(mutex_);
      for (std::size_t i = blocks_.size(); i-- > 0;) {
        if (blocks_[i].size != size) continue;
        void* p = blocks_[i].data;
        blocks_.erase(blocks_.begin() + static_cast<std::ptrdiff_t>(i));
        cached_ -= size;
        ++hits_;
        count_use(size);
        recycled = true;
        return p;
      }
      ++misses_;
    }
    recycled = false;
    void* p = system_take(size);
    if (!p) {
      release();  // what is cached may be what is missing
      p = system_take(size);
    }
    if (!p) throw std::bad_alloc();
    std::lock_guard lock(mutex_);
    count_use(size);
    return p;
  }

  void give(void* p, std::int64_t size) {
    std::vector<Block> evicted;
    {
      std::lock_guard lock(mutex_);
      in_use_ -= size;
      if (size > limit_) {
        evicted.push_back({p, size});
      } else {
        blocks_.push_back({p, size});
        cached_ += size;
        evict(evicted, limit_, kMaxBlocks);
      }
    }
    for (auto& b : evicted) system_give(b.data, b.size);
  }

  std::int64_t release(std::int64_t keep = 0) {
    std::vector<Block> evicted;
    {
      std::lock_guard lock(mutex_);
      evict(evicted, keep, keep ? kMaxBlocks : 0);
    }
    std::int64_t bytes = 0;
    for (auto& b : evicted) {
      bytes += b.size;
      system_give(b.data, b.size);
    }
    return bytes;
  }

  void set_limit(std::int64_t bytes) {
    {
      std::lock_guard lock(mutex_);
      limit_ = bytes;
    }
    release(bytes);
  }
  void reset_peak() {
    std::lock_guard lock(mutex_);
    peak_ = in_use_;
  }
  memory::Stats stats() {
    std::lock_guard lock(mutex_);
    return {in_use_, peak_, cached_, limit_, hits_, misses_};
  }

  void lock() { mutex_.lock(); }
  void unlock() { mutex_.unlock(); }

 private:
  struct Block {
    void* data;
    std::int64_t size;
  };
  static constexpr std::size_t kMaxBlocks = 256;

  void evict(std::vector<Block>& out, std::int64_t bytes, std::size_t count) {
    std::size_t n = 0;
    while (n < blocks_.size() && (cached_ > bytes || blocks_.size() - n > count)) {
      cached_ -= blocks_[n].size;
      out.push_back(blocks_[n++]);
    }
    blocks_.erase(blocks_.begin(), blocks_.begin() + static_cast<std::ptrdiff_t>(n));
  }

  void count_use(std::int64_t size) {
    in_use_ += size;
    peak_ = std::max(peak_, in_use_);
  }

  static void* system_take(std::int64_t size) {
    if (size < 2 * kHuge) return std::aligned_alloc(64, static_cast<std::size_t>((size + 63) / 64 * 64));
    // Aligned to 2 MB by mapping one page more and trimming.
    const auto n = static_cast<std::size_t>(size + kHuge);
    void* raw = mmap(nullptr, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (raw == MAP_FAILED) return nullptr;
    const auto begin = reinterpret_cast<std::uintptr_t>(raw);
    const auto aligned = (begin + kHuge - 1) / kHuge * kHuge;
    if (aligned > begin) munmap(raw, aligned - begin);
    const auto end = aligned + static_cast<std::uintptr_t>(size);
    if (begin + n > end) munmap(reinterpret_cast<void*>(end), begin + n - end);
    madvise(reinterpret_cast<void*>(aligned), static_cast<std::size_t>(size), MADV_HUGEPAGE);
    return reinterpret_cast<void*>(aligned);
  }
  static void system_give(void* p, std::int64_t size) {
    if (size < 2 * kHuge) {
      std::free(p);
    } else {
      munmap(p, static_cast<std::size_t>(size));
    }
  }

  std::mutex mutex_;
  std::vector<Block> blocks_;
  std::int64_t in_use_ = 0, peak_ = 0, cached_ = 0, limit_ = 0, hits_ = 0, misses_ = 0;
};

BlockCache& cache() { return held_over_forks<BlockCache, ForkLevel::memory>(); }

// Apart, so that the CPU's way stays short.
[[gnu::cold, gnu::noinline]] void* take_from_device(Device device, std::int64_t bytes, std::int32_t& stream) {
  let_go_of_passed();
  const Stream current = current_stream(device);
  stream = current.index;
  if (device.is_unified()) return unified::allocate(current, bytes);
  void* data = nullptr;
  const Status status = backend(device).allocate(current, std::max<std::int64_t>(bytes, 1), &data);
  if (status == Status::ok) return data;
  if (status == Status::out_of_memory) no_memory_left("allocate", device, bytes);
  launch_failed(status, "allocate", device);
}
[[gnu::cold, gnu::noinline]] void give_to_device(Stream stream, void* data, std::int64_t bytes) {
  const Backend& b = backend(stream.device);
  const auto free = stream.device.is_unified() ? b.free_unified : b.free;
  check_later(free(stream, data, std::max<std::int64_t>(bytes, 1)), stream.device);
}

}  // namespace

Ref<Storage> Storage::allocate(std::int64_t bytes, Device device) {
  const bool small = device.is_cpu() && bytes <= kSmallMax;
  int size_class = kHeaderOnly;
  if (small) {
    size_class = 0;
    while ((64 << size_class) < bytes) ++size_class;
  }
  void* block = header_list(size_class).take(header_bytes(size_class));
  auto* s = new (block) Storage;
  s->size_class_ = static_cast<std::uint8_t>(size_class);
  s->bytes_ = bytes;
  s->device_ = device;
  Ref<Storage> ref = Ref<Storage>::adopt(s);
  if (small) {
    s->data_ = static_cast<char*>(block) + kHeader;
  } else if (device.is_cpu()) {
    try {
      s->data_ = cache().take(BlockCache::rounded(bytes), s->recycled_);
    } catch (...) {
      s->bytes_ = 0;
      throw;
    }
  } else {
    s->data_ = take_from_device(device, bytes, s->stream_);
    if (device.is_unified()) unified::enroll(s);
  }
  return ref;
}

Ref<Storage> Storage::borrow(void* data, std::int64_t bytes, Device device, Deleter deleter, void* context) {
  auto* s = new (header_list(kHeaderOnly).take(kHeader)) Storage;
  s->size_class_ = kHeaderOnly;
  s->kind_ = Kind::borrowed;
  s->data_ = data;
  s->bytes_ = bytes;
  s->device_ = device;
  s->deleter_ = deleter;
  s->context_ = context;
  if (device.is_unified() && data) {
    s->host_views_ = 1;
    unified::enroll(s);
  }
  return Ref<Storage>::adopt(s);
}

Ref<Storage> Storage::map_file(const char* path, bool writeable) {
  struct Descriptor {
    int fd;
    ~Descriptor() {
      if (fd >= 0) close(fd);
    }
  } file{open(path, O_RDONLY | O_CLOEXEC)};
  if (file.fd < 0) errors::file("map_file", errno, path);
  return map_file(file.fd, path, writeable);
}

Ref<Storage> Storage::map_file(int fd, const char* path, bool writeable) {
  struct stat st{};
  if (fstat(fd, &st) != 0) errors::file("map_file", errno, path);
  void* p = nullptr;
  if (st.st_size > 0)
    p = mmap(nullptr, static_cast<std::size_t>(st.st_size), PROT_READ | (writeable ? PROT_WRITE : 0), MAP_PRIVATE, fd,
             0);
  if (p == MAP_FAILED) errors::file("map_file", errno, path);
  Ref<Storage> s = borrow(p, st.st_size, kCpu, nullptr, nullptr);
  s->kind_ = Kind::mapped;
  return s;
}

void Storage::record_use(Stream stream) {
  if (stream.device != device_) errors::device_mismatch("record_stream", device_, stream.device);
  if (device_.is_unified()) note_work(stream);
  if (device_.is_cpu() || kind_ != Kind::owned || stream.index == stream_) return;
  check(backend(device_).record_use(stream, data_), "record_stream", device_);
}

void Storage::destroy() {
  if (pinned_) unpin();
  if (device_.is_unified() && data_) kind_ == Kind::owned ? unified::strike(this) : unified::strike_adopted(this);
  if (kind_ == Kind::owned) {
    if (data_ && bytes_ >= 0 && size_class_ == kHeaderOnly) {
      if (device_.is_cpu()) {
        cache().give(data_, BlockCache::rounded(bytes_));
      } else {
        give_to_device({device_, stream_}, data_, bytes_);
      }
    }
  } else if (kind_ == Kind::mapped) {
    if (data_) munmap(data_, static_cast<std::size_t>(bytes_));
  } else if (kind_ == Kind::shared) {
    leave_shared_file(context_);
  } else if (deleter_) {
    deleter_(context_);
  }
  const int size_class = size_class_;
  this->~Storage();
  header_list(size_class).give(this);
}

namespace memory {
Stats stats() { return cache().stats(); }
void reset_peak() { cache().reset_peak(); }
std::int64_t release() { return cache().release(); }
void set_limit(std::int64_t bytes) { cache().set_limit(std::max<std::int64_t>(bytes, 0)); }
}  // namespace memory

}  // namespace tenon
