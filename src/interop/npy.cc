#include "interop/npy.h"

#include <algorithm>

namespace tenon {
namespace interop {
namespace {

// Components of complex numbers are swapped one by one.
void swap_bytes(Tensor& t) {
  const std::int64_t size = static_cast<std::int64_t>(itemsize(real_dtype(t.dtype())));
  for (char *p = t.data(), *end = p + t.nbytes(); p != end; p += size) std::reverse(p, p + size);
}

}  // namespace

Tensor read_npy_data(ByteSource& source, const NpyHeader& h) {
  if (h.nbytes > source.remaining())
    source.fail("the data is cut off: shape ", h.shape, " of ", h.dtype, " needs ", h.nbytes, " bytes, there are ",
                source.remaining());
  Tensor flat = empty({h.shape.product()}, h.dtype);
  source.read(flat.data(), h.nbytes);
  if (h.swapped) swap_bytes(flat);
  if (is_bool(h.dtype)) {  // to NumPy any byte but 0 is true, to C++ only 1
    auto* p = flat.data<unsigned char>();
    for (std::int64_t i = 0; i < h.nbytes; ++i) p[i] = p[i] != 0;
  }
  return alias(flat, 0, h.shape, h.strides());
}

std::optional<Tensor> map_npy_data(const Ref<Storage>& mapping, std::int64_t offset, const NpyHeader& h, bool writeable,
                                   std::string& reason) {
  const char* data = static_cast<const char*>(mapping->data()) + offset;
  if (h.swapped) {
    reason = errors::text("the items ('", h.descr, "') are byte-swapped");
  } else if (h.nbytes > 0 && offset % static_cast<std::int64_t>(itemsize(real_dtype(h.dtype))) != 0) {
    reason = errors::text("the data, at byte ", offset, ", is not aligned for ", h.dtype);
  } else if (is_bool(h.dtype) && std::any_of(data, data + h.nbytes, [](char c) { return c & ~1; })) {
    reason = "some bools are neither 0 nor 1";
  } else {
    return make_tensor(mapping, h.nbytes > 0 ? offset : 0, h.shape, h.strides(), h.dtype, !writeable);
  }
  return std::nullopt;
}

}  // namespace interop

using namespace interop;

Tensor load_npy(const std::string& path, const NpyOptions& options) {
  const InputFile file("load_npy", path);
  FileSource source(file);
  const NpyHeader header = read_npy_header(source, options.raw_dtype);
  if (!options.mmap) return read_npy_data(source, header);
  if (header.nbytes > source.remaining())
    source.fail("the data is cut off: shape ", header.shape, " of ", header.dtype, " needs ", header.nbytes,
                " bytes, there are ", source.remaining());
  const Ref<Storage> mapping = file.map(options.writeable);
  std::string reason = "the file changed meanwhile";
  auto t = mapping->bytes() < file.size() ? std::nullopt
                                          : map_npy_data(mapping, source.position(), header, options.writeable, reason);
  if (!t) source.fail("cannot be mapped: ", reason, "; load it without mmap");
  return *std::move(t);
}

void save_npy(const std::string& path, const Tensor& t) {
  const NpyImage image = npy_image(t);
  OutputFile file("save_npy", path);
  file.write(image.header.data(), static_cast<std::int64_t>(image.header.size()));
  file.write(image.data.data(), image.data.nbytes());
  file.commit();
}

}  // namespace tenon
