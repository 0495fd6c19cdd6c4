// safetensors: eight bytes of length, a JSON header, the tensors' bytes without gaps.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "interop/file.h"
#include "tenon/io.h"

namespace tenon {

using interop::InputFile;
using interop::OutputFile;

namespace {

constexpr std::int64_t kMaxHeader = 100'000'000;  // as in the reference implementation
constexpr const char* kMetadata = "__metadata__";

struct Name {
  std::string_view name;
  DType dtype;
};
// In the format's order of size classes: files begin with the last, so that all tensors are aligned.
constexpr Name kNames[] = {
    {"BOOL", DType::bool_},
    {"U8", DType::uint8},
    {"I8", DType::int8},
    {"F8_E5M2", DType::float8_e5m2},
    {"F8_E4M3", DType::float8_e4m3fn},
    {"I16", DType::int16},
    {"U16", DType::uint16},
    {"F16", DType::float16},
    {"BF16", DType::bfloat16},
    {"I32", DType::int32},
    {"U32", DType::uint32},
    {"F32", DType::float32},
    {"C64", DType::complex64},
    {"F64", DType::float64},
    {"I64", DType::int64},
    {"U64", DType::uint64},
};

int rank_of(DType d) {
  for (int i = 0; i < static_cast<int>(std::size(kNames)); ++i) {
    if (kNames[i].dtype == d) return i;
  }
  return -1;
}

struct Entry {
  std::string name;
  std::string dtype;
  Dims shape;
  std::int64_t begin = -1, end = -1;
};

struct Header {
  std::vector<Entry> entries;
  Metadata metadata;
};

// Reads the header as a stream of events: nothing is kept that the format has no place for.
class HeaderReader : public nlohmann::json_sax<nlohmann::json> {
 public:
  HeaderReader(const InputFile& file, Header& out) : file_(file), out_(out) {}

  bool start_object(std::size_t) override {
    if (state_ == State::start) {
      state_ = State::names;
    } else if (state_ != State::names) {
      wrong();
    } else if (key_ == kMetadata) {
      state_ = State::metadata;
    } else {
      state_ = State::fields;
      entry_ = Entry{key_, "", {}, -1, -1};
      has_shape_ = false;
    }
    return true;
  }
  bool end_object() override {
    if (state_ == State::fields) {
      if (entry_.dtype.empty() || !has_shape_ || entry_.end < 0)
        file_.fail("tensor '", entry_.name, "' lacks its dtype, shape or data_offsets");
      out_.entries.push_back(std::move(entry_));
    }
    state_ = State::names;  // after the last one nothing follows
    return true;
  }
  bool key(std::string& k) override {
    if (state_ == State::names && !seen_.insert(k).second) file_.fail("'", k, "' appears twice in the header");
    if (state_ == State::metadata && out_.metadata.contains(k)) file_.fail("'", k, "' appears twice in the metadata");
    key_ = k;
    return true;
  }
  bool string(std::string& v) override {
    if (state_ == State::metadata) {
      out_.metadata.emplace(key_, v);
    } else if (state_ == State::fields && key_ == "dtype" && entry_.dtype.empty() && !v.empty()) {
      entry_.dtype = v;
    } else {
      wrong();
    }
    return true;
  }
  bool start_array(std::size_t) override {
    if (state_ != State::fields) wrong();
    if (key_ == "shape" && !has_shape_) {
      state_ = State::shape;
      has_shape_ = true;
    } else if (key_ == "data_offsets" && entry_.begin < 0) {
      state_ = State::offsets;
    } else {
      wrong();
    }
    return true;
  }
  bool end_array() override {
    if (state_ == State::offsets && entry_.end < 0) wrong();
    state_ = State::fields;
    return true;
  }
  bool number_unsigned(std::uint64_t v) override {
    if (v > static_cast<std::uint64_t>(INT64_MAX)) file_.fail("a number of tensor '", entry_.name, "' is too large");
    const auto n = static_cast<std::int64_t>(v);
    if (state_ == State::shape) {
      if (entry_.shape.size() == kMaxDims)
        file_.fail("tensor '", entry_.name, "' has more than ", kMaxDims, " dimensions");
      entry_.shape.push_back(n);
    } else if (state_ == State::offsets && entry_.begin < 0) {
      entry_.begin = n;
    } else if (state_ == State::offsets && entry_.end < 0) {
      entry_.end = n;
    } else {
      wrong();
    }
    return true;
  }
  bool null() override { wrong(); }
  bool boolean(bool) override { wrong(); }
  bool number_integer(std::int64_t) override { wrong(); }
  bool number_float(double, const std::string&) override { wrong(); }
  bool binary(binary_t&) override { wrong(); }
  bool parse_error(std::size_t at, const std::string&, const nlohmann::detail::exception&) override {
    file_.fail("the header is no valid JSON (at its byte ", static_cast<std::int64_t>(at), ")");
  }

 private:
  enum class State { start, names, metadata, fields, shape, offsets };
  [[noreturn]] void wrong() const {
    file_.fail("the header is no safetensors header",
               state_ == State::metadata ? ": metadata must map text to text" : "",
               entry_.name.empty() ? "" : "; at or after tensor '" + entry_.name.substr(0, 100) + "'");
  }

  const InputFile& file_;
  Header& out_;
  State state_ = State::start;
  std::string key_;
  Entry entry_;
  bool has_shape_ = false;
  std::set<std::string> seen_;
};

// The dtype, once the entry is known to be consistent: its shape has as many bytes as its offsets span.
DType check_entry(const InputFile& file, const Entry& e) {
  const auto found =
      std::find_if(std::begin(kNames), std::end(kNames), [&](const Name& n) { return n.name == e.dtype; });
  if (found == std::end(kNames))
    file.fail("tensor '", e.name, "' has dtype '", e.dtype.substr(0, 40), "', which has no tensor dtype here");
  auto extent = static_cast<std::int64_t>(itemsize(found->dtype)), bytes = extent;
  for (auto n : e.shape) {  // empty dimensions count as 1, so that strides are representable, too
    if (__builtin_mul_overflow(extent, std::max<std::int64_t>(n, 1), &extent))
      file.fail("tensor '", e.name, "': shape ", e.shape, " needs more bytes than can be addressed");
    bytes *= n;
  }
  if (e.end < e.begin || e.end - e.begin != bytes)
    file.fail("tensor '", e.name, "': shape ", e.shape, " of ", e.dtype, " needs ", bytes, " bytes, its offsets are ",
              e.begin, " to ", e.end);
  return found->dtype;
}

Header read_header(const InputFile& file, std::int64_t& data_begin) {
  unsigned char b[8];
  if (file.size() < 8) file.fail("not a safetensors file: too short");
  file.read(0, b, 8);
  std::uint64_t n = 0;
  for (int i = 8; i-- > 0;) n = n << 8 | b[i];
  if (n > static_cast<std::uint64_t>(kMaxHeader))
    file.fail("the header claims to have more than ", kMaxHeader, " bytes");
  const auto length = static_cast<std::int64_t>(n);
  if (length > file.size() - 8) file.fail("the header claims ", length, " bytes, the file has ", file.size());
  std::string text(static_cast<std::size_t>(length), '\0');
  file.read(8, text.data(), length);
  if (text.empty() || text[0] != '{') file.fail("the header must begin with '{'");
  // Where the reader of JSON would stop.
  if (text.find('\0') != std::string::npos) file.fail("the header has a NUL byte, which JSON has not");
  Header h;
  HeaderReader reader(file, h);
  nlohmann::json::sax_parse(text, &reader);
  data_begin = 8 + length;

  std::stable_sort(h.entries.begin(), h.entries.end(), [](const Entry& x, const Entry& y) {
    return std::pair(x.begin, x.end) < std::pair(y.begin, y.end);
  });
  std::int64_t at = 0;
  for (const Entry& e : h.entries) {
    if (e.begin != at)
      file.fail("tensor '", e.name, "' begins at ", e.begin, ", the one before ends at ", at,
                "; tensors neither overlap nor leave gaps");
    at = e.end;
  }
  if (at != file.size() - data_begin)
    file.fail("the tensors have ", at, " bytes, the file has ", file.size() - data_begin, " after its header");
  return h;
}

// Whether every byte is a bool that C++ can read.
bool all_bools(const char* p, std::int64_t n) {
  return std::none_of(p, p + n, [](char c) { return c & ~1; });
}

}  // namespace

Safetensors load_safetensors(const std::string& path, bool mmap, Device device) {
  const InputFile file("load_safetensors", path);
  std::int64_t data_begin = 0;
  Header header = read_header(file, data_begin);
  std::vector<DType> dtypes;
  for (const Entry& e : header.entries) dtypes.push_back(check_entry(file, e));

  Ref<Storage> mapping;
  if (mmap) {
    mapping = file.map(false);
    if (mapping->bytes() != file.size()) file.fail("the file changed while it was opened");
  }
  Safetensors out;
  out.metadata = std::move(header.metadata);
  for (std::size_t i = 0; i < header.entries.size(); ++i) {
    const Entry& e = header.entries[i];
    const DType d = dtypes[i];
    const std::int64_t at = data_begin + e.begin, bytes = e.end - e.begin;
    Tensor t;
    if (mapping && at % static_cast<std::int64_t>(itemsize(real_dtype(d))) == 0 &&
        (!is_bool(d) || all_bools(static_cast<const char*>(mapping->data()) + at, bytes))) {
      t = make_tensor(mapping, at, e.shape, contiguous_strides(e.shape), d, true);
    } else {
      t = empty(e.shape, d);
      file.read(at, t.data(), bytes);
      if (is_bool(d) && !all_bools(t.data(), bytes))
        file.fail("tensor '", e.name, "' has bools that are neither 0 nor 1");
    }
    out.tensors.emplace_back(e.name, t.to(device));
  }
  return out;
}

void save_safetensors(const std::string& path, const NamedTensors& items, const Metadata& metadata) {
  constexpr const char* op = "save_safetensors";
  std::set<std::string_view> seen;
  for (const auto& [name, t] : items) {
    if (!seen.insert(name).second) errors::fail(op, "two tensors are named '", name, "'; names must differ");
    if (name == kMetadata) errors::fail(op, "'", name, "' is the name of the metadata");
    if (rank_of(t.dtype()) < 0)
      errors::fail<DtypeError>(op, "the format has no ", t.dtype(), "; use tenon.view_as_real(x), or .npz");
  }
  std::vector<const std::pair<std::string, Tensor>*> order;
  for (const auto& item : items) order.push_back(&item);
  std::sort(order.begin(), order.end(), [](auto* x, auto* y) {
    const int a = rank_of(x->second.dtype()), b = rank_of(y->second.dtype());
    return a != b ? a > b : x->first < y->first;
  });

  std::string text;
  try {
    nlohmann::ordered_json h = nlohmann::ordered_json::object();
    if (!metadata.empty()) h[kMetadata] = metadata;
    std::int64_t at = 0;
    for (const auto* item : order) {
      const Tensor& t = item->second;
      h[item->first] = {{"dtype", kNames[rank_of(t.dtype())].name},
                        {"shape", std::vector<std::int64_t>(t.shape().begin(), t.shape().end())},
                        {"data_offsets", {at, at + t.nbytes()}}};
      at += t.nbytes();
    }
    text = h.dump();
  } catch (const nlohmann::json::type_error&) { errors::fail(op, "names and metadata must be valid UTF-8 text"); }
  text.append((8 - text.size() % 8) % 8, ' ');
  if (static_cast<std::int64_t>(text.size()) > kMaxHeader)
    errors::fail(op, "the header has more than ", kMaxHeader, " bytes; save fewer tensors or less metadata");

  OutputFile file(op, path);
  unsigned char length[8];
  for (int i = 0; i < 8; ++i) length[i] = static_cast<unsigned char>(text.size() >> (8 * i));
  file.write(length, 8);
  file.write(text.data(), static_cast<std::int64_t>(text.size()));
  for (const auto* item : order) {
    const Tensor t = item->second.detach().to(kCpu).contiguous();
    file.write(t.data(), t.nbytes());
  }
  file.commit();
}

}  // namespace tenon
