// Files of tensors: NumPy's .npy and .npz, and safetensors.
//
// A file that is not what it claims to be gives ValueError, one that cannot be read or written FileError;
// both name the file. Pickled data is never executed. Memory is taken only after the file's size has been
// found to back the claim. Saving writes a temporary file beside the target and renames it: a failed save
// leaves the old file as it was, and mappings of the old file stay valid. Tensors on a device are moved to
// the host.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "tenon/tensor.h"

namespace tenon {

using NamedTensors = std::vector<std::pair<std::string, Tensor>>;
using Metadata = std::map<std::string, std::string>;

struct NpyOptions {
  // Map the file instead of reading it. The tensor is read-only unless `writeable`: then writes stay in
  // memory. A mapped file must not shrink while the tensor lives.
  bool mmap = false;
  bool writeable = false;
  // What items of a type that the file does not name ('|V2', '<V1': bfloat16 and float8 to NumPy) are.
  std::optional<DType> raw_dtype;
};

// Format versions 1.0 to 3.0, any byte order (converted while reading), row- or column-major.
// With mmap, ValueError where the bytes cannot be used as they are: byte-swapped, misaligned, or bools other
// than 0 and 1. bfloat16 ('<V2') is recognised; float8 needs raw_dtype.
TENON_API Tensor load_npy(const std::string& path, const NpyOptions& options);
inline Tensor load_npy(const std::string& path, bool mmap = false, bool writeable = false) {
  return load_npy(path, NpyOptions{mmap, writeable, {}});
}
// Format version 1.0, column-major where t is laid out so, row-major otherwise. Values only: no gradient is saved.
TENON_API void save_npy(const std::string& path, const Tensor& t);

// The members in the archive's order, without their ".npy". Their checksums are verified, except those of
// members that are mapped: with mmap, members that are stored uncompressed, aligned and in native byte order
// are mapped, all others are read.
TENON_API NamedTensors load_npz(const std::string& path, const NpyOptions& options = {});
// Only the members named, in the order asked for. Throws ValueError if there is no such member.
TENON_API NamedTensors load_npz(const std::string& path, std::span<const std::string> names,
                                const NpyOptions& options = {});
// What load_npz would name its tensors; reads none of them.
TENON_API std::vector<std::string> npz_names(const std::string& path);
// Uncompressed members are aligned to 64 bytes, so that they can be mapped. Throws ValueError for names that are equal,
// not UTF-8, hold a NUL or are longer than 60000 bytes.
TENON_API void save_npz(const std::string& path, const NamedTensors& items, bool compressed = false);

struct Safetensors {
  NamedTensors tensors;  // in the order of their bytes
  Metadata metadata;
};

// With mmap (and device the CPU) tensors are read-only views of one mapping where they are aligned, and read
// where they are not; without, each owns its memory. On another device they are copies.
TENON_API Safetensors load_safetensors(const std::string& path, bool mmap = true, Device device = kCpu);
// Throws DtypeError for complex128, which the format lacks, ValueError for names that are equal or "__metadata__",
// and for text that is not UTF-8.
TENON_API void save_safetensors(const std::string& path, const NamedTensors& items, const Metadata& metadata = {});

}  // namespace tenon
