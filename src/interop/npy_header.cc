// The header's Python dictionary, read by a parser that knows this one dictionary and nothing else of Python.
#include <algorithm>
#include <bit>
#include <cstring>

#include "interop/npy.h"

namespace tenon::interop {
namespace {

constexpr char kMagic[] = "\x93NUMPY";
constexpr std::int64_t kMaxHeader = std::int64_t{1} << 20;
constexpr char kNative = std::endian::native == std::endian::little ? '<' : '>';

class Parser {
 public:
  Parser(const std::string& text, const ByteSource& source)
      : p_(text.data()), end_(p_ + text.size()), source_(source) {}

  template <class... A>
  [[noreturn]] void fail(const A&... a) const {
    source_.fail("not a valid .npy header: ", a...);
  }

  char peek() {
    while (p_ != end_ && (*p_ == ' ' || *p_ == '\n' || *p_ == '\t' || *p_ == '\r')) ++p_;
    return p_ == end_ ? '\0' : *p_;
  }
  bool accept(char c) {
    if (peek() != c || p_ == end_) return false;
    ++p_;
    return true;
  }
  void expect(char c) {
    if (!accept(c)) fail("'", std::string(1, c), "' expected");
  }
  void finish() {
    peek();
    if (p_ != end_) fail("there is something after the dictionary");
  }

  std::string string() {
    const char quote = peek();
    if (quote != '\'' && quote != '"') fail("a string expected");
    const char* begin = ++p_;
    while (p_ != end_ && *p_ != quote) {
      if (*p_ == '\\' || static_cast<unsigned char>(*p_) < 32) fail("an escape sequence in a string");
      ++p_;
    }
    if (p_ == end_) fail("a string does not end");
    return std::string(begin, p_++);
  }

  bool boolean() {
    peek();
    for (const bool value : {true, false}) {
      const std::string_view word = value ? "True" : "False";
      if (static_cast<std::size_t>(end_ - p_) >= word.size() && std::string_view(p_, word.size()) == word) {
        p_ += word.size();
        return value;
      }
    }
    fail("True or False expected");
  }

  std::int64_t integer() {
    const bool negative = accept('-');
    if (peek() < '0' || *p_ > '9') fail("an integer expected");
    std::int64_t value = 0;
    for (; p_ != end_ && *p_ >= '0' && *p_ <= '9'; ++p_) {
      if (__builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, *p_ - '0', &value))
        fail("a number in the shape is too large");
    }
    if (p_ != end_ && *p_ == 'L') ++p_;  // Python 2 wrote it
    if (negative) fail("a negative size in the shape");
    return value;
  }

  Dims tuple() {
    Dims out;
    expect('(');
    while (!accept(')')) {
      if (out.size() == kMaxDims) fail("more than ", kMaxDims, " dimensions");
      out.push_back(integer());
      if (accept(',')) continue;
      if (out.size() == 1) fail("the shape is no tuple");  // "(3)" is a number to Python
      expect(')');
      break;
    }
    return out;
  }

 private:
  const char* p_;
  const char* end_;
  const ByteSource& source_;
};

// NumPy's name for what tenon has no dtype for; empty if it is none of NumPy's.
std::string foreign_dtype(const std::string& kind_and_size) {
  switch (kind_and_size[0]) {
    case 'O': return "object arrays are pickled, and pickles are never executed; save a numeric array";
    case 'S':
    case 'a': return "bytes strings have no tensor dtype; load them with NumPy";
    case 'U': return "strings have no tensor dtype; load them with NumPy";
    case 'M':
    case 'm': return "datetime64 and timedelta64 have no tensor dtype; save x.astype('int64')";
    case 'f':
    case 'c': return "long double has no tensor dtype; save x.astype('float64') or x.astype('complex128')";
    default: return "";
  }
}

char kind_letter(DType d) {
  constexpr char letters[] = {'b', 'i', 'u', 'f', 'c', 'V'};  // as in Kind
  return d == DType::bfloat16 ? 'V' : letters[static_cast<int>(kind(d))];
}

// Sets dtype and swapped from descr.
void resolve(NpyHeader& h, const Parser& parser, const ByteSource& source, std::optional<DType> raw) {
  std::string rest = h.descr;
  char order = '=';
  if (!rest.empty() && std::strchr("<>|=", rest[0])) {
    order = rest[0];
    rest.erase(0, 1);
  }
  if (rest.empty()) parser.fail("descr is '", h.descr, "'");
  std::int64_t size = rest.size() > 1 ? 0 : -1;
  for (std::size_t i = 1; i < rest.size(); ++i) {
    if (rest[i] < '0' || rest[i] > '9' || size > 1'000'000'000) {
      size = -1;
      break;
    }
    size = size * 10 + (rest[i] - '0');
  }
  const bool byte_order_differs = (order == '<' || order == '>') && order != kNative;
  if (rest[0] == 'V' && (size == 1 || size == 2)) {
    // Only ml_dtypes' bfloat16 writes '<V2'; '|V2' is any structure, and thirteen types write '<V1'.
    if (raw) {
      if (static_cast<std::int64_t>(itemsize(*raw)) != size)
        source.fail("items of ", size, " bytes ('", h.descr, "') cannot be ", *raw);
      h.dtype = *raw;
    } else if (size == 2 && order != '|') {
      h.dtype = DType::bfloat16;
    } else {
      source.fail("the dtype '", h.descr, "' does not say what its items are; pass the raw dtype (",
                  size == 2 ? "bfloat16" : "float8_e4m3fn or float8_e5m2",
                  "), or load with NumPy and use .view(dtype)");
    }
    h.swapped = byte_order_differs && size > 1;
    return;
  }
  if (rest == "f1") {  // ml_dtypes' name for it, which NumPy itself cannot read back
    h.dtype = DType::float8_e5m2;
    return;
  }
  for (int i = 0; i < kDTypes; ++i) {
    const auto d = static_cast<DType>(i);
    if (kind_letter(d) != rest[0] || static_cast<std::int64_t>(itemsize(d)) != size) continue;
    if (size > 1 && !is_bool(d) && order == '|') break;
    h.dtype = d;
    h.swapped = byte_order_differs && size > 1;
    return;
  }
  const std::string reason = foreign_dtype(rest);
  source.fail("dtype '", h.descr, "': ", reason.empty() ? "no tensor dtype has this form" : reason);
}

}  // namespace

Dims NpyHeader::strides() const {
  if (!fortran_order) return contiguous_strides(shape);
  Dims s(shape.size(), 1);
  for (int d = 1; d < shape.size(); ++d) s[d] = s[d - 1] * std::max<std::int64_t>(shape[d - 1], 1);
  return s;
}

NpyHeader parse_npy_dict(const std::string& text, const ByteSource& source, std::optional<DType> raw_dtype) {
  NpyHeader h;
  Parser p(text, source);
  bool seen[3] = {};
  auto once = [&](int key) {
    if (seen[key]) p.fail("a key appears twice");
    seen[key] = true;
  };
  p.expect('{');
  while (!p.accept('}')) {
    const std::string key = p.string();
    p.expect(':');
    if (key == "descr") {
      once(0);
      if (p.peek() == '[' || p.peek() == '(')
        source.fail("the dtype is structured; save its fields one by one, each as an array of its own");
      h.descr = p.string();
    } else if (key == "fortran_order") {
      once(1);
      h.fortran_order = p.boolean();
    } else if (key == "shape") {
      once(2);
      h.shape = p.tuple();
    } else {
      p.fail("unknown key '", key.substr(0, 40), "'");
    }
    if (p.accept(',')) continue;
    p.expect('}');
    break;
  }
  p.finish();
  if (!seen[0] || !seen[1] || !seen[2]) p.fail("descr, fortran_order and shape are needed");
  resolve(h, p, source, raw_dtype);

  // Empty dimensions count as 1, so that strides are representable, too.
  auto extent = static_cast<std::int64_t>(itemsize(h.dtype));
  h.nbytes = extent;
  for (auto n : h.shape) {
    if (__builtin_mul_overflow(extent, std::max<std::int64_t>(n, 1), &extent))
      source.fail("shape ", h.shape, " of ", h.dtype, " needs more bytes than can be addressed");
    h.nbytes *= n;
  }
  return h;
}

NpyHeader read_npy_header(ByteSource& source, std::optional<DType> raw_dtype) {
  unsigned char b[8];
  if (source.remaining() < 10) source.fail("not a .npy file: too short for a header");
  source.read(b, 8);
  if (std::memcmp(b, kMagic, 6) != 0) {
    if (b[0] == 0x80) source.fail("a pickle, not a .npy file; pickles are never executed");
    if (std::memcmp(b, "PK", 2) == 0) source.fail("a zip archive; load it as .npz");
    source.fail("not a .npy file: it does not begin with \\x93NUMPY");
  }
  const int major = b[6], minor = b[7];
  if (major < 1 || major > 3 || minor != 0)
    source.fail("unknown .npy format version ", major, ".", minor, "; 1.0, 2.0 and 3.0 are known");
  const int width = major == 1 ? 2 : 4;
  if (source.remaining() < width) source.fail("not a .npy file: too short for a header");
  source.read(b, width);
  std::int64_t length = 0;
  for (int i = width; i-- > 0;) length = length << 8 | b[i];
  if (length > kMaxHeader || length > source.remaining()) source.fail("the header claims to have ", length, " bytes");
  std::string text(static_cast<std::size_t>(length), '\0');
  source.read(text.data(), length);
  return parse_npy_dict(text, source, raw_dtype);
}

namespace {

// '<f4', '|b1'; what NumPy has no type for becomes '<V2' (as ml_dtypes writes bfloat16) and '<V1'.
std::string descr_of(DType d) {
  const char letter = kind_letter(d);
  return errors::text(std::string(1, itemsize(d) == 1 && letter != 'V' ? '|' : kNative), std::string(1, letter),
                      static_cast<std::int64_t>(itemsize(d)));
}

bool column_major(const Tensor& t) {
  std::int64_t expected = 1;
  for (int d = 0; d < t.ndim(); ++d) {
    if (t.shape()[d] == 1) continue;
    if (t.strides()[d] != expected) return false;
    expected *= t.shape()[d];
  }
  return true;
}

}  // namespace

NpyImage npy_image(const Tensor& t) {
  const Tensor values = t.detach().to(kCpu);
  const bool fortran = !values.is_contiguous() && column_major(values);
  NpyImage image;
  if (fortran) {
    Dims shape(std::span<const std::int64_t>(values.shape()));
    std::reverse(shape.begin(), shape.end());
    image.data = alias(values, 0, shape, contiguous_strides(shape));
  } else {
    image.data = values.contiguous();
  }
  std::string dict = errors::text("{'descr': '", descr_of(t.dtype()), "', 'fortran_order': ", fortran,
                                  ", 'shape': ", t.shape(), ", }");
  // 64 dimensions of 19 digits stay below version 1.0's 65535 bytes.
  const std::size_t total = (10 + dict.size() + 1 + 63) / 64 * 64;
  dict.append(total - 10 - dict.size() - 1, ' ');
  dict += '\n';
  image.header.assign(kMagic, 6);
  image.header += {'\1', '\0', static_cast<char>(dict.size() & 255), static_cast<char>(dict.size() >> 8)};
  image.header += dict;
  return image;
}

}  // namespace tenon::interop
