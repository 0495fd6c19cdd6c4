// How a tensor is printed. The rules are PyTorch's, so that output in books and doctests stays the same:
// columns of one width, precision 4, scientific notation by the range of the values, `...` beyond 1000
// elements.
#include <cmath>
#include <cstdio>
#include <ostream>

#include "core/errors.h"
#include "tenon/autograd.h"
#include "tenon/elementwise/arithmetic.h"
#include "tenon/ops.h"

namespace tenon {
namespace {

// The form that all values of a tensor (or all real, all imaginary parts) share.
class Column {
 public:
  // Integers and bools: as wide as the widest.
  Column(const PrintOptions& options, const std::vector<Scalar>& values) : options_(options) {
    for (const Scalar& v : values) widen(v.str().size());
  }
  // Zeros, infinities and NaN have no say in the form and the width, as in PyTorch.
  Column(const PrintOptions& options, const std::vector<double>& values) : options_(options) {
    double least = INFINITY, greatest = 0;
    for (double v : values) {
      if (!std::isfinite(v) || v == 0) continue;
      least = std::min(least, std::abs(v));
      greatest = std::max(greatest, std::abs(v));
      whole_ = whole_ && v == std::ceil(v);
    }
    if (greatest == 0) return;
    scientific_ = options.sci_mode.value_or(greatest / least > 1000 || greatest > 1e8 || least < 1e-4);
    for (double v : values)
      if (std::isfinite(v) && v != 0) widen(bare(v).size());
  }

  std::string text(const Scalar& v) const { return padded(v.str()); }
  std::string text(double v) const { return padded(bare(v)); }
  std::int64_t width() const { return width_; }

 private:
  void widen(std::size_t n) { width_ = std::max(width_, static_cast<std::int64_t>(n)); }
  std::string padded(const std::string& s) const {
    const auto missing = width_ - static_cast<std::int64_t>(s.size());
    return std::string(missing > 0 ? static_cast<std::size_t>(missing) : 0, ' ') + s;
  }
  std::string bare(double v) const {
    if (std::isnan(v)) return "nan";
    if (std::isinf(v)) return v < 0 ? "-inf" : "inf";
    const bool point = whole_ && !scientific_;  // "99."
    const char* form = scientific_ ? "%.*e" : "%.*f";
    const int digits = point ? 0 : options_.precision;
    std::string s(static_cast<std::size_t>(std::snprintf(nullptr, 0, form, digits, v)), '\0');
    std::snprintf(s.data(), s.size() + 1, form, digits, v);
    return point ? s + "." : s;
  }

  const PrintOptions& options_;
  std::int64_t width_ = 1;
  bool whole_ = true, scientific_ = false;
};

// The elements that are shown, gathered on the host: of a long dimension its first and last edgeitems.
// A corner at a time, so that a large tensor (or one on a device) is read at its edges only.
Tensor shown_elements(const Tensor& t, const PrintOptions& options, bool summarize) {
  Dims shape = t.shape(), cut;
  for (int d = 0; d < t.ndim() && summarize; ++d) {
    if (shape[d] <= 2 * options.edgeitems) continue;
    shape[d] = 2 * options.edgeitems;
    cut.push_back(d);
  }
  if (cut.empty()) return contiguous(to(t, {}, kCpu));
  const Tensor shown = empty(shape, t.dtype(), t.device());
  for (std::uint64_t corner = 0; corner < std::uint64_t{1} << cut.size(); ++corner) {
    Tensor to_part = shown, from_part = t;
    for (int i = 0; i < cut.size(); ++i) {
      const bool last = corner >> i & 1;
      to_part = narrow(to_part, cut[i], last ? options.edgeitems : 0, options.edgeitems);
      from_part = narrow(from_part, cut[i], last ? from_part.size(static_cast<int>(cut[i])) - options.edgeitems : 0,
                         options.edgeitems);
    }
    copy_(to_part, from_part);
  }
  return to(shown, {}, kCpu);
}

class Printer {
 public:
  Printer(const Tensor& t, const PrintOptions& options)
      : options_(options), shape_(t.shape()), dtype_(t.dtype()), summarize_(t.numel() > options.threshold) {
    const Tensor shown = shown_elements(t, options, summarize_);
    const char* p = shown.data();
    for (std::int64_t i = 0; i < shown.numel(); ++i, p += shown.itemsize()) {
      const Scalar v = Scalar::load(dtype_, p);
      if (is_complex(dtype_)) {
        real_.push_back(v.to<complex128>().re);
        imag_.push_back(v.to<complex128>().im);
      } else if (is_floating(dtype_)) {
        real_.push_back(v.to<double>());
      } else {
        exact_.push_back(v);
      }
    }
    if (exact_.empty()) first_.emplace(options_, real_);
    else first_.emplace(options_, exact_);
    if (is_complex(dtype_)) second_.emplace(options_, imag_);
  }

  std::string print(int indent) {
    next_ = 0;
    return shape_.empty() ? element() : block(0, indent);
  }

 private:
  std::string element() {
    const std::size_t i = next_++;
    if (!exact_.empty()) return first_->text(exact_[i]);
    if (!second_) return first_->text(real_[i]);
    std::string imaginary = second_->text(imag_[i]) + "j";
    imaginary.erase(0, imaginary.find_first_not_of(' '));
    return first_->text(real_[i]) + (imaginary[0] == '-' ? "" : "+") + imaginary;
  }

  std::string block(int dim, int indent) {
    const bool vector = dim == shape_.size() - 1;
    const bool cut = summarize_ && shape_[dim] > 2 * options_.edgeitems;
    std::vector<std::string> parts;
    for (std::int64_t i = 0, n = cut ? 2 * options_.edgeitems : shape_[dim]; i < n; ++i) {
      if (cut && i == options_.edgeitems) parts.emplace_back(vector ? " ..." : "...");
      parts.push_back(vector ? element() : block(dim + 1, indent + 1));
    }
    if (cut && options_.edgeitems == 0) parts.emplace_back("...");
    // Numbers fill lines; blocks stand below each other, the further apart the more dimensions they have.
    const std::string margin(static_cast<std::size_t>(indent) + 1, ' ');
    const std::string apart = "," + std::string(static_cast<std::size_t>(shape_.size() - 1 - dim), '\n') + margin;
    const std::int64_t length = first_->width() + 2 + (second_ ? second_->width() + 1 : 0);
    const std::int64_t per_line = std::max<std::int64_t>((options_.linewidth - indent) / length, 1);
    std::string out = "[";
    for (std::size_t i = 0; i < parts.size(); ++i) {
      const bool new_line = vector && static_cast<std::int64_t>(i) % per_line == 0;
      if (i > 0) out += !vector ? apart : new_line ? ",\n" + margin : ", ";
      out += parts[i];
    }
    return out + "]";
  }

  const PrintOptions options_;
  const Dims shape_;
  const DType dtype_;
  const bool summarize_;
  std::vector<Scalar> exact_;  // integers and bools
  std::vector<double> real_, imag_;
  std::optional<Column> first_, second_;
  std::size_t next_ = 0;
};

// What the elements do not tell.
std::vector<std::string> suffixes(const Tensor& t) {
  std::vector<std::string> out;
  const DType d = t.dtype();
  if (!t.device().is_cpu()) out.push_back("device='" + t.device().str() + "'");
  const bool empty = t.numel() == 0;
  // With edgeitems=0 the elements tell nothing.
  if (empty ? t.ndim() != 1 : print_options().edgeitems == 0) out.push_back("size=" + t.shape().str());
  // Whether literals of this form would give the dtype; an empty tensor has none.
  const bool implied = d == default_float() || (!empty && (d == default_complex() || d == DType::int64 || is_bool(d)));
  if (!implied) out.push_back("dtype=tenon." + std::string(name(d)));
  if (!t.requires_grad()) return out;
  const Ref<Node> node = autograd::node_of(t);
  out.push_back(node ? "grad_fn=<" + std::string(node->op()) + ">" : "requires_grad=True");
  return out;
}

}  // namespace

PrintOptions& print_options() {
  static PrintOptions options;
  return options;
}

std::string str(const Tensor& t) {
  if (!t.defined()) return "tensor(undefined)";
  const PrintOptions options = print_options();
  std::string out = "tensor(";
  const int indent = static_cast<int>(out.size());
  const std::vector<std::string> rest = suffixes(t);
  {
    NoGrad guard;
    out += t.numel() == 0 ? "[]" : Printer(t.detach(), options).print(indent);
  }
  const auto line = out.rfind('\n');
  std::size_t length = line == std::string::npos ? out.size() + 2 : out.size() - line + 1;
  for (const std::string& s : rest) {
    const bool wrap = length + s.size() + 2 > static_cast<std::size_t>(options.linewidth);
    out += wrap ? ",\n" + std::string(static_cast<std::size_t>(indent), ' ') + s : ", " + s;
    length = wrap ? static_cast<std::size_t>(indent) + s.size() : length + s.size() + 2;
  }
  return out + ")";
}

std::ostream& operator<<(std::ostream& out, const Tensor& t) { return out << str(t); }

}  // namespace tenon
