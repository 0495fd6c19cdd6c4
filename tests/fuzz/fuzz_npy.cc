// .npy files: any bytes.
#include "fuzz.h"
#include "tenon/io.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tenon;
  static fuzz::File file;
  const std::string& path = file.with({data, size});
  fuzz::limit_allocations(size, 1);
  const NpyOptions ways[] = {{}, {true, false, {}}, {true, true, DType::bfloat16}, {false, false, DType::float8_e5m2}};
  fuzz::survives([&] {
    const Tensor t = load_npy(path, ways[fuzz::choice({data, size}) % 4]);
    fuzz::require(t.nbytes() <= static_cast<std::int64_t>(size), "more bytes than the file has");
    fuzz::read_all(t);
  });
  return 0;
}
