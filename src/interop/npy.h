// The .npy format inside a file or an archive.
#pragma once

#include <optional>
#include <string>

#include "interop/file.h"
#include "tenon/io.h"

namespace tenon::interop {

struct NpyHeader {
  std::string descr;
  DType dtype = DType::uint8;
  bool swapped = false;
  bool fortran_order = false;
  Dims shape;
  std::int64_t nbytes = 0;  // shape and dtype are known to be representable
  Dims strides() const;
};

// Reads magic, version and dictionary. Checks all but whether the data is there.
NpyHeader read_npy_header(ByteSource& source, std::optional<DType> raw_dtype);
// The dictionary alone: {'descr': '<f4', 'fortran_order': False, 'shape': (3,), }.
NpyHeader parse_npy_dict(const std::string& text, const ByteSource& source, std::optional<DType> raw_dtype);
// The data that follows the header, into memory of its own.
Tensor read_npy_data(ByteSource& source, const NpyHeader& header);
// A view of a mapping that holds the data at `offset`; none, and the reason, where it cannot be used as it
// is.
std::optional<Tensor> map_npy_data(const Ref<Storage>& mapping, std::int64_t offset, const NpyHeader& header,
                                   bool writeable, std::string& reason);

// What a tensor's file holds: the header, padded to a multiple of 64 bytes, then the data.
struct NpyImage {
  std::string header;
  Tensor data;  // on the host, without gaps
};
NpyImage npy_image(const Tensor& t);

}  // namespace tenon::interop
