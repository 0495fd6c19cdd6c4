// Regular files, read at offsets and replaced as a whole.
#pragma once

#include <cstdint>
#include <string>

#include "core/errors.h"
#include "tenon/storage.h"

namespace tenon::interop {

class InputFile {
 public:
  // Throws FileError. op is named in errors and must be a literal.
  InputFile(const char* op, const std::string& path);
  ~InputFile();
  InputFile(const InputFile&) = delete;

  std::int64_t size() const { return size_; }
  // Exactly n bytes. Throws ValueError if the file ends before.
  void read(std::int64_t offset, void* out, std::int64_t n) const;
  // The whole file, mapped. Throws FileError.
  Ref<Storage> map(bool writeable) const { return Storage::map_file(fd_, path_.c_str(), writeable); }
  const char* op() const { return op_; }
  const std::string& path() const { return path_; }

  // ValueError: the file's content is wrong.
  template <class... A>
  [[noreturn]] void fail(const A&... a) const {
    errors::fail(op_, a..., "; file '", path_, "'");
  }

 private:
  const char* op_;
  std::string path_;
  int fd_;
  std::int64_t size_;
};

// Bytes in sequence: a file, or a member of an archive.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  // Exactly n bytes.
  virtual void read(void* out, std::int64_t n) = 0;
  // How many are left, at most.
  virtual std::int64_t remaining() const = 0;
  // ValueError: the content is wrong.
  template <class... A>
  [[noreturn]] void fail(const A&... a) const {
    errors::fail(op_, a..., "; ", place_);
  }

 protected:
  ByteSource(const char* op, std::string place) : op_(op), place_(std::move(place)) {}

 private:
  const char* op_;
  std::string place_;
};

class FileSource final : public ByteSource {
 public:
  explicit FileSource(const InputFile& file)
      : ByteSource(file.op(), errors::text("file '", file.path(), "'")), file_(file) {}
  void read(void* out, std::int64_t n) override {
    file_.read(position_, out, n);
    position_ += n;
  }
  std::int64_t remaining() const override { return file_.size() - position_; }
  std::int64_t position() const { return position_; }

 private:
  const InputFile& file_;
  std::int64_t position_ = 0;
};

// A new file beside the target, which commit() puts in its place. Throws FileError.
class OutputFile {
 public:
  OutputFile(const char* op, const std::string& path);
  ~OutputFile();  // without commit(): removes what was written
  OutputFile(const OutputFile&) = delete;

  void write(const void* data, std::int64_t n);
  // Replaces bytes that were written before.
  void patch(std::int64_t offset, const void* data, std::int64_t n);
  std::int64_t position() const { return position_; }
  void commit();

 private:
  void write_at(std::int64_t offset, const void* data, std::int64_t n);

  const char* op_;
  std::string path_, target_, temporary_;
  int fd_ = -1;
  std::int64_t position_ = 0;
};

}  // namespace tenon::interop
