// Zip archives: as much of them as .npz files use. Stored and deflated members, zip64, no encryption.
#pragma once

#include <zlib.h>

#include <memory>
#include <string>
#include <vector>

#include "interop/file.h"

namespace tenon::interop {

struct ZipMember {
  std::string name;  // UTF-8, as in the archive
  bool deflated = false;
  std::uint32_t crc = 0;
  std::int64_t compressed = 0, size = 0;  // bytes
  std::int64_t offset = 0;                // of the data in the file
};

bool valid_utf8(const std::string& s);

// The members in the directory's order. Throws ValueError unless every member lies inside the file, apart
// from all others, and has a size that its bytes can inflate to.
std::vector<ZipMember> read_zip_directory(const InputFile& file);

// A member's bytes in sequence, inflated. finish() checks that it ends where it should, and its checksum.
class MemberSource final : public ByteSource {
 public:
  MemberSource(const InputFile& file, const ZipMember& member);
  ~MemberSource() override;
  void read(void* out, std::int64_t n) override;
  std::int64_t remaining() const override { return member_.size - done_; }
  void finish();

 private:
  void inflate_into(unsigned char* out, std::int64_t n);

  const InputFile& file_;
  const ZipMember& member_;
  std::int64_t done_ = 0, consumed_ = 0;  // bytes given out, bytes taken from the file
  uLong crc_ = 0;
  z_stream stream_{};
  bool ended_ = false;
  std::unique_ptr<unsigned char[]> input_;
};

class ZipWriter {
 public:
  explicit ZipWriter(OutputFile& file) : file_(file) {}

  struct Part {
    const void* data;
    std::int64_t size;
  };
  // A member that consists of the parts. If stored, its data begins at a multiple of 64 bytes.
  void add(const std::string& name, std::initializer_list<Part> parts, bool compressed);
  // Writes the directory.
  void finish();

 private:
  struct Entry {
    std::string name;
    bool deflated;
    std::uint32_t crc;
    std::int64_t compressed, size, header;
  };
  OutputFile& file_;
  std::vector<Entry> entries_;
};

}  // namespace tenon::interop
