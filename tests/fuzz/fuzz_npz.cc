// .npz files: any bytes, or (after a first byte that is odd) an archive whose sizes and checksums are right, some bytes
// of which are then changed: mutations alone would not get past the checksums.
#include <zlib.h>

#include "fuzz.h"
#include "tenon/io.h"

namespace {

using tenon::fuzz::Bytes;
using Buffer = std::vector<std::uint8_t>;

void put(Buffer& to, std::uint64_t value, int width) {
  for (int i = 0; i < width; ++i) to.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}

Buffer deflated(std::span<const std::uint8_t> bytes) {
  z_stream z{};
  tenon::fuzz::require(deflateInit2(&z, 6, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY) == Z_OK, "deflateInit2");
  Buffer out(deflateBound(&z, bytes.size()));
  z.next_in = const_cast<std::uint8_t*>(bytes.data());
  z.avail_in = static_cast<uInt>(bytes.size());
  z.next_out = out.data();
  z.avail_out = static_cast<uInt>(out.size());
  tenon::fuzz::require(deflate(&z, Z_FINISH) == Z_STREAM_END, "deflate");
  out.resize(z.total_out);
  deflateEnd(&z);
  return out;
}

// The fields that the local header and the directory share, from the version that is needed to the length of the name.
void put_common(Buffer& to, bool packed, std::uint32_t crc, std::size_t compressed, std::size_t size, bool zip64) {
  put(to, zip64 ? 45 : 20, 2);
  put(to, 0, 2);
  put(to, packed ? 8 : 0, 2);
  put(to, 0, 4);
  put(to, crc, 4);
  put(to, zip64 ? 0xffffffff : compressed, 4);
  put(to, zip64 ? 0xffffffff : size, 4);
}

Buffer archive(Bytes& in) {
  Buffer out, directory;
  const unsigned members = in.below(4);
  std::uint8_t changes[8];
  for (auto& c : changes) c = in.byte();
  for (unsigned i = 0; i < members; ++i) {
    const unsigned how = in.byte();
    const bool packed = how & 1, zip64 = how & 2;
    const auto name = in.take(in.below(12));
    const auto content = in.take(i + 1 == members ? in.rest().size() : in.byte());
    const Buffer packed_bytes = packed ? deflated(content) : Buffer(content.begin(), content.end());
    const auto crc = static_cast<std::uint32_t>(crc32_z(0, content.data(), content.size()));
    const std::size_t at = out.size();
    put(out, 0x04034b50, 4);
    put_common(out, packed, crc, packed_bytes.size(), content.size(), zip64);
    put(out, name.size(), 2);
    put(out, how & 4 ? 8 : 0, 2);
    out.insert(out.end(), name.begin(), name.end());
    if (how & 4) put(out, 0, 8);
    out.insert(out.end(), packed_bytes.begin(), packed_bytes.end());

    put(directory, 0x02014b50, 4);
    put(directory, 20, 2);
    put_common(directory, packed, crc, packed_bytes.size(), content.size(), zip64);
    put(directory, name.size(), 2);
    put(directory, zip64 ? 20 : 0, 2);
    put(directory, 0, 2);  // comment
    put(directory, 0, 8);  // disk, attributes
    put(directory, at, 4);
    directory.insert(directory.end(), name.begin(), name.end());
    if (zip64) {
      put(directory, 1, 2);
      put(directory, 16, 2);
      put(directory, content.size(), 8);
      put(directory, packed_bytes.size(), 8);
    }
  }
  const std::size_t begin = out.size();
  out.insert(out.end(), directory.begin(), directory.end());
  const std::size_t end64 = out.size();
  const bool zip64 = changes[7] & 1;
  if (zip64) {
    put(out, 0x06064b50, 4);
    put(out, 44, 8);
    put(out, 45, 2);
    put(out, 45, 2);
    put(out, 0, 8);
    put(out, members, 8);
    put(out, members, 8);
    put(out, directory.size(), 8);
    put(out, begin, 8);
    put(out, 0x07064b50, 4);
    put(out, 0, 4);
    put(out, end64, 8);
    put(out, 1, 4);
  }
  put(out, 0x06054b50, 4);
  put(out, 0, 4);
  put(out, zip64 ? 0xffff : members, 2);
  put(out, zip64 ? 0xffff : members, 2);
  put(out, zip64 ? 0xffffffff : directory.size(), 4);
  put(out, zip64 ? 0xffffffff : begin, 4);
  put(out, 0, 2);
  // Up to three bytes are changed, counted from the end, where the directory is.
  for (int i = 0; i < 6; i += 2)
    if (changes[i] != 0 && changes[i] <= out.size()) out[out.size() - changes[i]] ^= changes[i + 1];
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tenon;
  static fuzz::File file;
  Buffer bytes(data, data + size);
  if (size > 1 && data[0] % 2) {
    Bytes in({data + 1, size - 1});
    bytes = archive(in);
  }
  const std::string& path = file.with(bytes);
  fuzz::limit_allocations(bytes.size(), 1032);  // deflate's largest ratio
  const std::size_t way = fuzz::choice({data, size});
  fuzz::survives([&] {
    if (way % 8 == 0) {
      for (const std::string& name : npz_names(path))
        fuzz::read_all(load_npz(path, std::span<const std::string>(&name, 1), {}).at(0).second);
    } else {
      for (const auto& [name, t] : load_npz(path, NpyOptions{way % 2 == 1, false, {}})) fuzz::read_all(t);
    }
  });
  return 0;
}
