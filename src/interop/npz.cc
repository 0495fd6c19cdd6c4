#include <algorithm>
#include <set>

#include "interop/npy.h"
#include "interop/zip.h"

namespace tenon {

using namespace interop;

namespace {

constexpr std::string_view kSuffix = ".npy";

// Members by the names that NumPy gives them; folders are left out.
std::vector<std::pair<std::string, ZipMember>> open_members(const InputFile& file) {
  std::vector<std::pair<std::string, ZipMember>> out;
  std::set<std::string> seen;
  for (ZipMember& m : read_zip_directory(file)) {
    if (m.name.ends_with('/') && m.size == 0) continue;
    std::string name = m.name;
    if (name.ends_with(kSuffix)) name.resize(name.size() - kSuffix.size());
    if (!seen.insert(name).second) file.fail("two members are named '", name, "'");
    out.emplace_back(std::move(name), std::move(m));
  }
  return out;
}

Tensor load_member(const InputFile& file, const ZipMember& member, const Ref<Storage>& mapping,
                   const NpyOptions& options) {
  MemberSource source(file, member);
  const NpyHeader header = read_npy_header(source, options.raw_dtype);
  if (header.nbytes != source.remaining())
    source.fail("shape ", header.shape, " of ", header.dtype, " needs ", header.nbytes, " bytes, the member has ",
                source.remaining());
  if (mapping && !member.deflated) {
    std::string reason;
    const std::int64_t at = member.offset + member.size - header.nbytes;
    if (auto t = map_npy_data(mapping, at, header, options.writeable, reason)) return *std::move(t);
  }
  Tensor t = read_npy_data(source, header);
  source.finish();
  return t;
}

Ref<Storage> map_archive(const InputFile& file, const NpyOptions& options) {
  if (!options.mmap) return {};
  Ref<Storage> mapping = file.map(options.writeable);
  if (mapping->bytes() != file.size()) file.fail("the file changed while it was opened");
  return mapping;
}

}  // namespace

std::vector<std::string> npz_names(const std::string& path) {
  const InputFile file("npz_names", path);
  std::vector<std::string> names;
  for (auto& [name, member] : open_members(file)) names.push_back(name);
  return names;
}

NamedTensors load_npz(const std::string& path, const NpyOptions& options) {
  const InputFile file("load_npz", path);
  const auto members = open_members(file);
  const Ref<Storage> mapping = map_archive(file, options);
  NamedTensors out;
  for (const auto& [name, member] : members) out.emplace_back(name, load_member(file, member, mapping, options));
  return out;
}

NamedTensors load_npz(const std::string& path, std::span<const std::string> names, const NpyOptions& options) {
  const InputFile file("load_npz", path);
  const auto members = open_members(file);
  const Ref<Storage> mapping = map_archive(file, options);
  NamedTensors out;
  for (const std::string& wanted : names) {
    const auto found = std::find_if(members.begin(), members.end(), [&](const auto& m) { return m.first == wanted; });
    if (found == members.end()) file.fail("no member is named '", wanted, "'");
    out.emplace_back(wanted, load_member(file, found->second, mapping, options));
  }
  return out;
}

void save_npz(const std::string& path, const NamedTensors& items, bool compressed) {
  std::set<std::string_view> seen;
  for (const auto& [name, t] : items) {
    if (!seen.insert(name).second) errors::fail("save_npz", "two tensors are named '", name, "'; names must differ");
    if (name.size() > 60000 || name.find('\0') != std::string::npos || !valid_utf8(name))
      errors::fail("save_npz", "a name must be valid UTF-8 text without NUL, of at most 60000 bytes");
  }
  OutputFile file("save_npz", path);
  ZipWriter zip(file);
  for (const auto& [name, t] : items) {
    const NpyImage image = npy_image(t);
    zip.add(name + std::string(kSuffix),
            {{image.header.data(), static_cast<std::int64_t>(image.header.size())},
             {image.data.data(), image.data.nbytes()}},
            compressed);
  }
  zip.finish();
  file.commit();
}

}  // namespace tenon
