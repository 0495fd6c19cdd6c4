// safetensors: any bytes, or (after a first byte that is odd) a header whose length is right and what follows it.
#include "fuzz.h"
#include "tenon/io.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tenon;
  static fuzz::File file;
  std::vector<std::uint8_t> bytes(data, data + size);
  if (size > 3 && data[0] % 2) {
    const std::uint64_t header = std::min<std::uint64_t>(size - 3, data[1] | data[2] << 8);
    bytes.assign(8, 0);
    for (int i = 0; i < 8; ++i) bytes[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(header >> (8 * i));
    bytes.insert(bytes.end(), data + 3, data + size);
  }
  const std::string& path = file.with(bytes);
  fuzz::limit_allocations(bytes.size(), 16);  // the names and shapes of many small tensors
  fuzz::survives([&] {
    const Safetensors s = load_safetensors(path, fuzz::choice({data, size}) % 2);
    std::int64_t sum = 0;
    for (const auto& [name, t] : s.tensors) {
      fuzz::read_all(t);
      sum += t.nbytes();
    }
    fuzz::require(sum <= static_cast<std::int64_t>(bytes.size()), "more bytes than the file has");
  });
  return 0;
}
