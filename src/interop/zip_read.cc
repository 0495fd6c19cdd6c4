#include <algorithm>
#include <cstring>

#include "interop/zip.h"

namespace tenon::interop {
namespace {

constexpr std::int64_t kEnd = 22, kLocator = 20, kEnd64 = 56, kEntry = 46, kLocal = 30;
constexpr std::uint32_t kUnset = 0xffffffff;
// Deflate's largest ratio: 258 bytes for two bits.
constexpr std::int64_t kMaxRatio = 1032;
constexpr std::int64_t kBlock = std::int64_t{1} << 18;

std::uint64_t little(const unsigned char* p, int width) {
  std::uint64_t v = 0;
  while (width-- > 0) v = v << 8 | p[width];
  return v;
}
std::uint32_t u16(const unsigned char* p) { return static_cast<std::uint32_t>(little(p, 2)); }
std::uint32_t u32(const unsigned char* p) { return static_cast<std::uint32_t>(little(p, 4)); }

struct Directory {
  std::uint64_t count, size, offset;
  std::int64_t end;  // where the records after it begin
};

Directory find_directory(const InputFile& file) {
  // The last record is followed by a comment of at most 65535 bytes.
  const std::int64_t n = std::min<std::int64_t>(file.size(), kEnd + 0xffff);
  if (n < kEnd) file.fail("not a zip archive: too short");
  std::vector<unsigned char> tail(static_cast<std::size_t>(n));
  file.read(file.size() - n, tail.data(), n);
  std::int64_t at = n - kEnd;
  while (at >= 0 && (std::memcmp(&tail[static_cast<std::size_t>(at)], "PK\5\6", 4) != 0 ||
                     at + kEnd + u16(&tail[static_cast<std::size_t>(at)] + 20) != n))
    --at;
  if (at < 0) file.fail("not a zip archive, or cut off: it has no directory at its end");
  const unsigned char* p = &tail[static_cast<std::size_t>(at)];
  Directory d{u16(p + 10), u32(p + 12), u32(p + 16), file.size() - n + at};
  if (u16(p + 4) != 0 && u16(p + 4) != 0xffff) file.fail("a zip archive of several parts");
  if (d.count != 0xffff && d.size != kUnset && d.offset != kUnset) return d;

  const std::int64_t locator = d.end - kLocator;
  unsigned char b[kEnd64];
  if (locator < 0) return d;
  file.read(locator, b, kLocator);
  if (std::memcmp(b, "PK\6\7", 4) != 0) return d;  // 65535 members and no zip64 records are possible
  const std::uint64_t end64 = little(b + 8, 8);
  if (locator < kEnd64 || end64 > static_cast<std::uint64_t>(locator - kEnd64))
    file.fail("the zip64 directory lies outside the file");
  file.read(static_cast<std::int64_t>(end64), b, kEnd64);
  if (std::memcmp(b, "PK\6\6", 4) != 0) file.fail("the zip64 directory is not where the archive says");
  return {little(b + 32, 8), little(b + 40, 8), little(b + 48, 8), static_cast<std::int64_t>(end64)};
}

// One entry of the directory; where its local header is goes to `header`. Returns the entry's length.
std::int64_t read_entry(const InputFile& file, const unsigned char* p, std::int64_t left, ZipMember& m,
                        std::int64_t& header) {
  if (left < kEntry || std::memcmp(p, "PK\1\2", 4) != 0) file.fail("the zip directory is damaged");
  const std::int64_t name = u16(p + 28), extra = u16(p + 30), comment = u16(p + 32);
  if (left < kEntry + name + extra + comment) file.fail("the zip directory is damaged");
  m.name.assign(reinterpret_cast<const char*>(p + kEntry), static_cast<std::size_t>(name));
  if (!valid_utf8(m.name) || m.name.find('\0') != std::string::npos)
    file.fail("the name of a member is no valid UTF-8 text");
  const unsigned flags = u16(p + 8), method = u16(p + 10);
  if (flags & 1) file.fail("member '", m.name, "' is encrypted");
  if (method != 0 && method != 8)
    file.fail("member '", m.name, "' is compressed by method ", static_cast<int>(method),
              "; stored and deflated members can be read");
  m.deflated = method == 8;
  m.crc = u32(p + 16);
  std::uint64_t values[3] = {u32(p + 24), u32(p + 20), u32(p + 42)};  // size, compressed size, local header
  const unsigned char* q = p + kEntry + name;
  for (std::int64_t rest = extra; rest >= 4;) {
    const std::int64_t length = u16(q + 2);
    if (length > rest - 4) break;
    if (u16(q) == 1) {  // zip64: in this order, those that did not fit
      std::int64_t used = 0;
      for (auto& v : values) {
        if (v != kUnset) continue;
        if (used + 8 > length) file.fail("member '", m.name, "' lacks its zip64 sizes");
        v = little(q + 4 + used, 8);
        used += 8;
      }
      break;
    }
    q += 4 + length;
    rest -= 4 + length;
  }
  for (auto v : values) {
    if (v > static_cast<std::uint64_t>(INT64_MAX)) file.fail("member '", m.name, "' has an impossible size");
  }
  m.size = static_cast<std::int64_t>(values[0]);
  m.compressed = static_cast<std::int64_t>(values[1]);
  header = static_cast<std::int64_t>(values[2]);
  return kEntry + name + extra + comment;
}

}  // namespace

bool valid_utf8(const std::string& s) {
  const auto* p = reinterpret_cast<const unsigned char*>(s.data());
  const auto* end = p + s.size();
  while (p != end) {
    const unsigned c = *p++;
    if (c < 0x80) continue;
    const int more = c >= 0xc2 && c < 0xe0 ? 1 : c >= 0xe0 && c < 0xf0 ? 2 : c >= 0xf0 && c < 0xf5 ? 3 : 0;
    if (more == 0 || end - p < more) return false;
    std::uint32_t v = c & (0x3fu >> more);
    for (int i = 0; i < more; ++i) {
      if ((*p & 0xc0) != 0x80) return false;
      v = v << 6 | (*p++ & 0x3f);
    }
    if (v < (more == 2 ? 0x800u : more == 3 ? 0x10000u : 0x80u) || v > 0x10ffff || (v >= 0xd800 && v < 0xe000))
      return false;
  }
  return true;
}

std::vector<ZipMember> read_zip_directory(const InputFile& file) {
  const Directory d = find_directory(file);
  const auto end = static_cast<std::uint64_t>(d.end);
  if (d.size > end || d.offset != end - d.size) file.fail("the zip directory is not where the archive says");
  if (d.count > d.size / kEntry) file.fail("the zip directory claims more members than it has room for");
  std::vector<unsigned char> bytes(static_cast<std::size_t>(d.size) + 1);
  const auto begin = static_cast<std::int64_t>(d.offset);
  file.read(begin, bytes.data(), static_cast<std::int64_t>(d.size));

  std::vector<ZipMember> members(static_cast<std::size_t>(d.count));
  std::vector<std::pair<std::int64_t, std::int64_t>> spans;
  std::int64_t at = 0;
  for (ZipMember& m : members) {
    std::int64_t header = 0;
    at += read_entry(file, bytes.data() + at, static_cast<std::int64_t>(d.size) - at, m, header);
    unsigned char b[kLocal];
    if (header > begin - kLocal) file.fail("member '", m.name, "' lies outside the archive");
    file.read(header, b, kLocal);
    if (std::memcmp(b, "PK\3\4", 4) != 0 || u16(b + 8) != (m.deflated ? 8u : 0u) || u16(b + 26) != m.name.size())
      file.fail("member '", m.name, "' does not begin where the directory says");
    m.offset = header + kLocal + u16(b + 26) + u16(b + 28);
    if (m.offset > begin || m.compressed > begin - m.offset)
      file.fail("member '", m.name, "' lies outside the archive");
    if (m.deflated ? m.size / kMaxRatio > m.compressed : m.size != m.compressed)
      file.fail("member '", m.name, "' claims ", m.size, " bytes, more than its ", m.compressed, " can hold");
    spans.emplace_back(header, m.offset + m.compressed);
  }
  if (at != static_cast<std::int64_t>(d.size)) file.fail("the zip directory has bytes that belong to no member");
  // Members that share bytes would multiply a small file.
  std::sort(spans.begin(), spans.end());
  for (std::size_t i = 1; i < spans.size(); ++i) {
    if (spans[i].first < spans[i - 1].second) file.fail("two members of the archive overlap");
  }
  return members;
}

MemberSource::MemberSource(const InputFile& file, const ZipMember& member)
    : ByteSource(file.op(), errors::text("file '", file.path(), "', member '", member.name, "'")),
      file_(file),
      member_(member) {
  if (!member.deflated) return;
  input_ = std::make_unique_for_overwrite<unsigned char[]>(static_cast<std::size_t>(kBlock));
  if (inflateInit2(&stream_, -MAX_WBITS) != Z_OK) throw std::bad_alloc();
}

MemberSource::~MemberSource() {
  if (member_.deflated) inflateEnd(&stream_);
}

void MemberSource::read(void* out, std::int64_t n) {
  if (n > remaining()) fail("the member ends too early: ", n, " bytes more were needed, it has ", remaining());
  auto* p = static_cast<unsigned char*>(out);
  while (n > 0) {  // in blocks, so that the checksum reads what is in the cache
    const std::int64_t block = std::min(n, kBlock);
    if (member_.deflated) {
      inflate_into(p, block);
    } else {
      file_.read(member_.offset + done_, p, block);
    }
    crc_ = crc32_z(crc_, p, static_cast<z_size_t>(block));
    done_ += block;
    p += block;
    n -= block;
  }
}

void MemberSource::inflate_into(unsigned char* out, std::int64_t n) {
  stream_.next_out = out;
  stream_.avail_out = static_cast<uInt>(n);
  while (stream_.avail_out > 0 && !ended_) {
    if (stream_.avail_in == 0 && consumed_ < member_.compressed) {
      const std::int64_t more = std::min(kBlock, member_.compressed - consumed_);
      file_.read(member_.offset + consumed_, input_.get(), more);
      consumed_ += more;
      stream_.next_in = input_.get();
      stream_.avail_in = static_cast<uInt>(more);
    }
    const int status = inflate(&stream_, Z_NO_FLUSH);
    if (status == Z_STREAM_END) {
      ended_ = true;
    } else if (status == Z_MEM_ERROR) {
      throw std::bad_alloc();
    } else if (status == Z_BUF_ERROR) {  // zlib has nothing left to give, either
      fail("the compressed data ends too early");
    } else if (status != Z_OK) {
      fail("the compressed data is damaged");
    }
  }
  if (stream_.avail_out > 0) fail("the member inflates to less than it claims");
}

void MemberSource::finish() {
  if (remaining() != 0) fail(remaining(), " bytes follow the array");
  if (member_.deflated && !ended_) {
    // What is left may only be the mark of the end: there is no room for more.
    unsigned char none;
    while (!ended_) {
      stream_.next_out = &none;
      stream_.avail_out = 1;
      if (stream_.avail_in == 0 && consumed_ < member_.compressed) {
        const std::int64_t more = std::min(kBlock, member_.compressed - consumed_);
        file_.read(member_.offset + consumed_, input_.get(), more);
        consumed_ += more;
        stream_.next_in = input_.get();
        stream_.avail_in = static_cast<uInt>(more);
      }
      const uInt before = stream_.avail_in;
      const int status = inflate(&stream_, Z_NO_FLUSH);
      ended_ = status == Z_STREAM_END;
      if (stream_.avail_out == 0 || (!ended_ && status != Z_OK) || (!ended_ && before == stream_.avail_in))
        fail("the member inflates to more than it claims, or is damaged");
    }
  }
  if (member_.deflated && (stream_.avail_in != 0 || consumed_ != member_.compressed))
    fail("bytes follow the compressed data");
  if (static_cast<std::uint32_t>(crc_) != member_.crc) fail("the checksum differs: the member is damaged");
}

}  // namespace tenon::interop
