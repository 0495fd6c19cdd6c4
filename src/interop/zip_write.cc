#include <algorithm>
#include <memory>

#include "interop/zip.h"

namespace tenon::interop {
namespace {

constexpr std::int64_t kLimit32 = 0xffffffff;
constexpr std::int64_t kBlock = std::int64_t{1} << 18;
constexpr int kAlignmentField = 0xd935;  // the extra field by which archives align stored members

// A record's bytes, little-endian.
class Record {
 public:
  Record& text(const std::string& s) { return bytes_ += s, *this; }
  Record& u16(std::int64_t v) { return put(v, 2); }
  Record& u32(std::int64_t v) { return put(v, 4); }
  Record& u64(std::int64_t v) { return put(v, 8); }
  // What does not fit is in the zip64 field.
  Record& size(std::int64_t v, bool zip64) { return put(zip64 ? kLimit32 : v, 4); }
  void write_to(OutputFile& f) const { f.write(bytes_.data(), length()); }
  std::int64_t length() const { return static_cast<std::int64_t>(bytes_.size()); }
  const std::string& bytes() const { return bytes_; }

 private:
  Record& put(std::int64_t v, int width) {
    for (int i = 0; i < width; ++i) bytes_ += static_cast<char>(v >> (8 * i) & 255);
    return *this;
  }
  std::string bytes_;
};

// Version, flags (UTF-8 names), method and a fixed date, 1980-01-01: equal contents give equal files.
void common(Record& r, const std::string& name, bool deflated, bool zip64) {
  const bool ascii = std::all_of(name.begin(), name.end(), [](char c) { return static_cast<unsigned char>(c) < 128; });
  r.u16(zip64 ? 45 : 20).u16(ascii ? 0 : 1 << 11).u16(deflated ? 8 : 0).u16(0).u16(0x21);
}

class Deflater {
 public:
  explicit Deflater(OutputFile& file)
      : file_(file), out_(std::make_unique_for_overwrite<unsigned char[]>(static_cast<std::size_t>(kBlock))) {
    if (deflateInit2(&stream_, Z_DEFAULT_COMPRESSION, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY) != Z_OK)
      throw std::bad_alloc();
  }
  ~Deflater() { deflateEnd(&stream_); }
  void put(const unsigned char* p, std::int64_t n, int flush) {
    stream_.next_in = const_cast<unsigned char*>(p);
    stream_.avail_in = static_cast<uInt>(n);
    do {
      stream_.next_out = out_.get();
      stream_.avail_out = static_cast<uInt>(kBlock);
      deflate(&stream_, flush);
      file_.write(out_.get(), kBlock - stream_.avail_out);
    } while (stream_.avail_out == 0);
  }

 private:
  OutputFile& file_;
  z_stream stream_{};
  std::unique_ptr<unsigned char[]> out_;
};

}  // namespace

void ZipWriter::add(const std::string& name, std::initializer_list<Part> parts, bool compressed) {
  Entry e{name, compressed, 0, 0, 0, file_.position()};
  for (const Part& p : parts) e.size += p.size;
  // Known before the compressed size is: incompressible data grows by less than a thousandth.
  const bool zip64 = e.size + e.size / 1000 + 1024 >= kLimit32;

  auto local = [&](std::int64_t padding) {
    Record r;
    r.text("PK\3\4");
    common(r, name, compressed, zip64);
    r.u32(e.crc).size(e.compressed, zip64).size(e.size, zip64);
    r.u16(static_cast<std::int64_t>(name.size())).u16((zip64 ? 20 : 0) + padding).text(name);
    if (zip64) r.u16(1).u16(16).u64(e.size).u64(e.compressed);
    if (padding)
      r.u16(kAlignmentField).u16(padding - 4).u16(64).text(std::string(static_cast<std::size_t>(padding - 6), '\0'));
    return r;
  };
  std::int64_t padding = 0;
  if (!compressed) {
    padding = (64 - (e.header + local(0).length()) % 64) % 64;
    if (padding > 0 && padding < 6) padding += 64;  // the field's own length
  }
  local(padding).write_to(file_);

  const std::int64_t begin = file_.position();
  uLong crc = 0;
  std::unique_ptr<Deflater> deflater;
  if (compressed) deflater = std::make_unique<Deflater>(file_);
  for (const Part& part : parts) {
    const auto* p = static_cast<const unsigned char*>(part.data);
    for (std::int64_t i = 0; i < part.size; i += kBlock) {
      const std::int64_t n = std::min(kBlock, part.size - i);
      crc = crc32_z(crc, p + i, static_cast<z_size_t>(n));
      if (compressed) deflater->put(p + i, n, Z_NO_FLUSH);
      else file_.write(p + i, n);
    }
  }
  if (compressed) deflater->put(nullptr, 0, Z_FINISH);
  e.crc = static_cast<std::uint32_t>(crc);
  e.compressed = file_.position() - begin;
  const Record final = local(padding);
  file_.patch(e.header, final.bytes().data(), final.length());
  entries_.push_back(std::move(e));
}

void ZipWriter::finish() {
  const std::int64_t begin = file_.position();
  for (const Entry& e : entries_) {
    const bool sizes64 = e.size >= kLimit32 || e.compressed >= kLimit32, header64 = e.header >= kLimit32;
    Record extra;
    if (sizes64 || header64) {
      extra.u16(1).u16((sizes64 ? 16 : 0) + (header64 ? 8 : 0));
      if (sizes64) extra.u64(e.size).u64(e.compressed);
      if (header64) extra.u64(e.header);
    }
    Record r;
    r.text("PK\1\2").u16(3 << 8 | 45);  // made on Unix: the attributes below are a mode
    common(r, e.name, e.deflated, sizes64 || header64);
    r.u32(e.crc).size(e.compressed, sizes64).size(e.size, sizes64);
    r.u16(static_cast<std::int64_t>(e.name.size())).u16(extra.length()).u16(0).u16(0).u16(0);
    r.u32(std::int64_t{0600} << 16).size(e.header, header64).text(e.name).text(extra.bytes());
    r.write_to(file_);
  }
  const std::int64_t end = file_.position(), size = end - begin, count = static_cast<std::int64_t>(entries_.size());
  Record r;
  const bool zip64 = count >= 0xffff || size >= kLimit32 || begin >= kLimit32;
  if (zip64) {
    r.text("PK\6\6").u64(44).u16(3 << 8 | 45).u16(45).u32(0).u32(0).u64(count).u64(count).u64(size).u64(begin);
    r.text("PK\6\7").u32(0).u64(end).u32(1);
  }
  const std::int64_t count16 = zip64 ? 0xffff : count;
  r.text("PK\5\6").u16(0).u16(0).u16(count16).u16(count16).size(size, zip64).size(begin, zip64).u16(0);
  r.write_to(file_);
}

}  // namespace tenon::interop
