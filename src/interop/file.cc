#include "interop/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>

#include "core/interrupt.h"

namespace tenon::interop {
namespace {

constexpr std::int64_t kChunk = std::int64_t{1} << 26;  // between them, reading and writing can be interrupted
constexpr const char* kOldFile = "the old file is left as it was: ";

[[noreturn]] void refuse(const char* op, const struct stat& st, const std::string& path) {
  if (S_ISDIR(st.st_mode)) errors::file(op, EISDIR, path);
  errors::not_regular(op, path);
}

}  // namespace

InputFile::InputFile(const char* op, const std::string& path) : op_(op), path_(path) {
  // A path with a NUL would silently open another file. Not blocking: a pipe must not hang the open.
  if (path.find('\0') != std::string::npos) errors::fail(op, "a path must not contain NUL");
  fd_ = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  struct stat st{};
  if (fd_ < 0 || fstat(fd_, &st) != 0) {
    const int e = errno;
    if (fd_ >= 0) close(fd_);
    errors::file(op, e, path);
  }
  if (!S_ISREG(st.st_mode)) {
    close(fd_);
    refuse(op, st, path);
  }
  size_ = st.st_size;
}

InputFile::~InputFile() { close(fd_); }

void InputFile::read(std::int64_t offset, void* out, std::int64_t n) const {
  auto* p = static_cast<char*>(out);
  if (offset < 0 || n > size_ - offset)
    fail("the file ends too early: ", n, " bytes at ", offset, " were needed, it has ", size_);
  while (n > 0) {
    check_interrupt();
    const ssize_t got = pread(fd_, p, static_cast<std::size_t>(std::min(n, kChunk)), offset);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) errors::file(op_, errno, path_);
    if (got == 0) fail("the file became shorter while it was read");
    p += got;
    offset += got;
    n -= got;
  }
}

OutputFile::OutputFile(const char* op, const std::string& path) : op_(op), path_(path), target_(path) {
  if (path.find('\0') != std::string::npos) errors::fail(op, "a path must not contain NUL");
  struct stat st{};
  const bool exists = stat(path.c_str(), &st) == 0;
  if (exists && !S_ISREG(st.st_mode)) refuse(op, st, path);
  if (exists) {
    // What a symbolic link points to is replaced, not the link.
    if (char* real = realpath(path.c_str(), nullptr)) {
      target_ = real;
      std::free(real);
    }
    if (access(target_.c_str(), W_OK) != 0) errors::file(op_, errno, path_);
  }
  static std::atomic<unsigned> counter{0};
  for (int attempt = 0; fd_ < 0; ++attempt) {
    char suffix[48];
    std::snprintf(suffix, sizeof suffix, ".%ld-%u.tmp", static_cast<long>(getpid()), counter.fetch_add(1));
    temporary_ = target_ + suffix;
    fd_ = open(temporary_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd_ < 0 && (errno != EEXIST || attempt > 100)) errors::file(op_, errno, path_);
  }
  if (exists && fchmod(fd_, st.st_mode & 07777) != 0) {
    // A file system without modes keeps the default ones.
  }
}

OutputFile::~OutputFile() {
  if (fd_ < 0) return;
  close(fd_);
  unlink(temporary_.c_str());
}

void OutputFile::write_at(std::int64_t offset, const void* data, std::int64_t n) {
  auto* p = static_cast<const char*>(data);
  while (n > 0) {
    check_interrupt();
    const ssize_t done = pwrite(fd_, p, static_cast<std::size_t>(std::min(n, kChunk)), offset);
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) errors::file(op_, errno, path_, kOldFile);
    p += done;
    offset += done;
    n -= done;
  }
}

void OutputFile::write(const void* data, std::int64_t n) {
  write_at(position_, data, n);
  position_ += n;
}

void OutputFile::patch(std::int64_t offset, const void* data, std::int64_t n) { write_at(offset, data, n); }

void OutputFile::commit() {
  const int fd = fd_;
  fd_ = -1;
  // Some file systems report a failed write only here.
  int e = close(fd) != 0 ? errno : 0;
  if (e == 0 && rename(temporary_.c_str(), target_.c_str()) != 0) e = errno;
  if (e != 0) {
    unlink(temporary_.c_str());
    errors::file(op_, e, path_, kOldFile);
  }
}

}  // namespace tenon::interop
