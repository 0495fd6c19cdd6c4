// Einstein's sums: an equation is read, operands are joined two by two, each pair as one batched matrix product.
#include <algorithm>
#include <cctype>
#include <limits>

#include "core/errors.h"
#include "plan/loop.h"
#include "tenon/elementwise/arithmetic.h"
#include "tenon/ops.h"

namespace tenon {
namespace {

constexpr const char* kOp = "einsum";
// Labels of dimensions: the letters' codes, and from here on those that "..." stands for.
constexpr std::int64_t kDots = 128;

// A tensor and the label of each of its dimensions. No label stands twice.
struct Term {
  Tensor tensor;
  Dims labels;
};

struct Equation {
  std::vector<std::string> operands;
  std::string result;
  bool explicit_result = false;
};

// One list of letters with at most one "...", which becomes a single '.'.
std::string letters(std::string_view text, const std::string& equation) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (std::isalpha(static_cast<unsigned char>(c))) {
      out += c;
    } else if (text.substr(i, 3) == "..." && out.find('.') == std::string::npos) {
      out += '.';
      i += 2;
    } else {
      errors::fail(kOp, "subscripts are letters and one '...' at most for each operand; got '", equation, "'");
    }
  }
  return out;
}

Equation parse(const std::string& equation) {
  std::string text;
  for (const char c : equation)
    if (c != ' ') text += c;
  Equation e;
  std::string_view left = text;
  if (const std::size_t arrow = text.find("->"); arrow != std::string::npos) {
    e.explicit_result = true;
    e.result = letters(std::string_view(text).substr(arrow + 2), equation);
    left = left.substr(0, arrow);
  }
  for (std::size_t at = 0; at <= left.size();) {
    const std::size_t comma = std::min(left.find(',', at), left.size());
    e.operands.push_back(letters(left.substr(at, comma - at), equation));
    at = comma + 1;
  }
  return e;
}

std::string label_text(std::int64_t label) {
  return label < kDots ? std::string(1, static_cast<char>(label)) : std::string("...");
}

// The labels of each operand's dimensions. "..." is aligned at its last one: kDots + n - 1, with the longest n.
std::vector<Dims> label(const Equation& e, std::span<const Tensor> ts, int& dots) {
  dots = 0;
  std::vector<int> own;
  for (std::size_t i = 0; i < ts.size(); ++i) {
    const std::string& s = e.operands[i];
    const bool open = s.find('.') != std::string::npos;
    const int named = static_cast<int>(s.size()) - open, rest = ts[i].ndim() - named;
    if (rest < 0 || (rest > 0 && !open))
      errors::fail<ShapeError>(kOp, "operand ", static_cast<std::int64_t>(i), " has shape ", ts[i].shape(), ", but ",
                               named, open ? " or more" : "", " subscripts; use '...' for dimensions without a letter");
    own.push_back(rest);
    dots = std::max(dots, rest);
  }
  std::vector<Dims> out;
  for (std::size_t i = 0; i < ts.size(); ++i) {
    Dims labels;
    for (const char c : e.operands[i]) {
      if (c != '.') labels.push_back(c);
      else
        for (int k = dots - own[i]; k < dots; ++k) labels.push_back(kDots + k);
    }
    out.push_back(labels);
  }
  return out;
}

Dims result_labels(const Equation& e, const std::vector<Dims>& operands, int dots) {
  Dims out;
  const auto add_dots = [&] {
    for (int k = 0; k < dots; ++k) out.push_back(kDots + k);
  };
  const auto count = [&](std::int64_t c) {
    std::int64_t n = 0;
    for (const Dims& labels : operands) n += std::count(labels.begin(), labels.end(), c);
    return n;
  };
  if (!e.explicit_result) {
    add_dots();
    for (int c = 0; c < kDots; ++c)
      if (count(c) == 1) out.push_back(c);
    return out;
  }
  for (const char c : e.result) {
    if (c == '.') {
      add_dots();
      continue;
    }
    if (out.contains(c)) errors::fail(kOp, "the result has the subscript '", std::string(1, c), "' twice");
    if (count(c) == 0)
      errors::fail(kOp, "the result has the subscript '", std::string(1, c), "', which no operand has");
    out.push_back(c);
  }
  return out;
}

// The diagonals of labels that stand twice.
Term diagonals(Term t) {
  for (int i = 0; i < t.labels.size(); ++i) {
    for (int k = i + 1; k < t.labels.size(); ++k) {
      if (t.labels[i] != t.labels[k]) continue;
      const std::int64_t m = t.tensor.shape()[i], n = t.tensor.shape()[k], c = t.labels[i];
      if (m != n)
        errors::fail<ShapeError>(kOp, "the subscript '", label_text(c), "' stands twice in one operand, for sizes ", m,
                                 " and ", n);
      t.tensor = diagonal(t.tensor, 0, i, k);
      t.labels.erase(k);
      t.labels.erase(i);
      t.labels.push_back(c);
      return diagonals(std::move(t));
    }
  }
  return t;
}

// The sizes that labels stand for, over all operands.
class Sizes {
 public:
  void add(const Term& t) {
    for (int d = 0; d < t.labels.size(); ++d) {
      std::int64_t& size = sizes_[static_cast<std::size_t>(t.labels[d])];
      const std::int64_t n = t.tensor.shape()[d];
      if (size < 0 || size == 1) size = n;
      else if (n != size && n != 1)
        errors::fail<ShapeError>(kOp, "the subscript '", label_text(t.labels[d]), "' stands for sizes ", size, " and ",
                                 n);
    }
  }
  std::int64_t operator[](std::int64_t label) const { return sizes_[static_cast<std::size_t>(label)]; }
  Dims of(const Dims& labels) const {
    Dims out;
    for (const std::int64_t c : labels) out.push_back((*this)[c]);
    return out;
  }
  double count(const Dims& labels) const {
    double n = 1;
    for (const std::int64_t c : labels) n *= static_cast<double>((*this)[c]);
    return n;
  }

 private:
  std::vector<std::int64_t> sizes_ = std::vector<std::int64_t>(kDots + kMaxDims, -1);
};

// Sums keep the dtype, as NumPy's einsum does: int8 stays int8, bools are joined by or.
Tensor summed(const Tensor& t, const Dims& axes) {
  if (axes.empty()) return t;
  return is_bool(t.dtype()) ? any(t, axes) : sum(t, axes, false, t.dtype());
}

// Without the labels that are not in `wanted`.
Term keep(Term t, const Dims& wanted) {
  Dims axes, labels;
  for (int d = 0; d < t.labels.size(); ++d) {
    if (wanted.contains(t.labels[d])) labels.push_back(t.labels[d]);
    else axes.push_back(d);
  }
  return {summed(t.tensor, axes), labels};
}

// The dimensions in the order of labels, with new ones of size 1 for those that t lacks.
Tensor arranged(const Term& t, const Dims& labels) {
  Dims order, missing;
  for (int i = 0; i < labels.size(); ++i) {
    const auto* at = std::find(t.labels.begin(), t.labels.end(), labels[i]);
    if (at == t.labels.end()) missing.push_back(i);
    else order.push_back(at - t.labels.begin());
  }
  const Tensor p = permute(t.tensor, order);
  return missing.empty() ? p : unsqueeze(p, missing);
}

Dims joined(std::initializer_list<Dims> lists) {
  Dims out;
  for (const Dims& list : lists)
    for (const std::int64_t v : list) out.push_back(v);
  return out;
}

// The sum of products of two terms over all labels but those in `wanted`.
Term contract(Term a, Term b, const Dims& wanted, const Sizes& sizes) {
  a = keep(std::move(a), joined({wanted, b.labels}));
  b = keep(std::move(b), joined({wanted, a.labels}));
  Dims batch, inside, rows, columns;
  for (const std::int64_t c : a.labels) {
    if (!b.labels.contains(c)) rows.push_back(c);
    else (wanted.contains(c) ? batch : inside).push_back(c);
  }
  for (const std::int64_t c : b.labels)
    if (!a.labels.contains(c)) columns.push_back(c);
  const Dims labels = joined({batch, rows, columns});
  if (inside.empty()) return {mul(arranged(a, labels), arranged(b, labels)), labels};
  // Labels that one operand has with size 1 alone are repeated; the sizes are those of all operands.
  const auto stack = [&](const Term& t, const Dims& first, const Dims& second) {
    const Dims all = joined({batch, first, second});
    const Dims n = sizes.of(batch);
    return reshape(expand(arranged(t, all), sizes.of(all)),
                   joined({n, {sizes.of(first).product()}, {sizes.of(second).product()}}));
  };
  const Tensor r = matmul(stack(a, rows, inside), stack(b, inside, columns));
  return {reshape(r, sizes.of(labels)), labels};
}

// The labels that are needed when terms i and k are gone: the result's and those of the others.
Dims needed(const std::vector<Term>& terms, std::size_t i, std::size_t k, const Dims& result) {
  Dims out = result;
  for (std::size_t m = 0; m < terms.size(); ++m)
    if (m != i && m != k)
      for (const std::int64_t c : terms[m].labels)
        if (!out.contains(c)) out.push_back(c);
  return out;
}

// The pair whose result is smallest beside what it replaces; of equal ones that of fewer products.
std::pair<std::size_t, std::size_t> next_pair(const std::vector<Term>& terms, const Dims& result, const Sizes& sizes) {
  std::pair<std::size_t, std::size_t> best{0, 1};
  double growth = std::numeric_limits<double>::infinity(), products = growth;
  for (std::size_t i = 0; i < terms.size(); ++i) {
    for (std::size_t k = i + 1; k < terms.size(); ++k) {
      const Dims wanted = needed(terms, i, k, result);
      Dims all = terms[i].labels, left;
      for (const std::int64_t c : terms[k].labels)
        if (!all.contains(c)) all.push_back(c);
      for (const std::int64_t c : all)
        if (wanted.contains(c)) left.push_back(c);
      const double more = sizes.count(left) - sizes.count(terms[i].labels) - sizes.count(terms[k].labels),
                   work = sizes.count(all);
      if (more < growth || (more == growth && work < products)) {
        best = {i, k};
        growth = more;
        products = work;
      }
    }
  }
  return best;
}

void join(std::vector<Term>& terms, std::size_t i, std::size_t k, const Dims& result, const Sizes& sizes) {
  if (i > k) std::swap(i, k);
  Term r = contract(terms[i], terms[k], needed(terms, i, k, result), sizes);
  terms.erase(terms.begin() + static_cast<std::ptrdiff_t>(k));
  terms.erase(terms.begin() + static_cast<std::ptrdiff_t>(i));
  terms.push_back(std::move(r));
}

// One step of a path that was given: the terms at these positions.
void join_these(std::vector<Term>& terms, const Dims& step, const Dims& result, const Sizes& sizes) {
  Dims at = step;
  std::sort(at.begin(), at.end());
  const auto n = static_cast<std::int64_t>(terms.size());
  if (at.empty() || at[0] < 0 || at.back() >= n || std::adjacent_find(at.begin(), at.end()) != at.end())
    errors::fail(kOp, "the step ", step, " of the path does not fit ", n, " operands");
  // From the end on, so that the positions before stay: the first pair's result stands last, and is joined on.
  for (int i = at.size() - 1; i > 0; --i) {
    const auto last = i == at.size() - 1 ? static_cast<std::size_t>(at[i]) : terms.size() - 1;
    join(terms, static_cast<std::size_t>(at[i - 1]), last, result, sizes);
  }
  if (at.size() == 1) { std::rotate(terms.begin() + at[0], terms.begin() + at[0] + 1, terms.end()); }
}

}  // namespace

Tensor einsum(const std::string& equation, std::span<const Tensor> operands, std::optional<DType> dtype,
              std::span<const Dims> path) {
  if (operands.empty()) errors::fail(kOp, "at least one operand is needed");
  const Equation e = parse(equation);
  if (e.operands.size() != operands.size())
    errors::fail(kOp, "'", equation, "' is for ", static_cast<std::int64_t>(e.operands.size()), " operands; got ",
                 static_cast<std::int64_t>(operands.size()));
  DType d = operands[0].dtype();
  for (const Tensor& t : operands) d = promote(d, t.dtype());
  d = dtype.value_or(d);
  if (is_float8(d)) errors::dtype_not_supported(kOp, d, "all other numbers");
  // What takes several products is rounded once.
  const DType formed = is_half(d) && operands.size() > 2 ? DType::float32 : d;
  int dots = 0;
  const std::vector<Dims> labels = label(e, operands, dots);
  const Dims result = result_labels(e, labels, dots);
  std::vector<Term> terms;
  Sizes sizes;
  for (std::size_t i = 0; i < operands.size(); ++i) {
    if (operands[i].device() != operands[0].device())
      errors::device_mismatch(kOp, operands[0].device(), operands[i].device());
    if (is_complex(operands[i].dtype()) && !is_complex(d)) errors::complex_to_real(kOp, d);
    terms.push_back(diagonals({to(operands[i], formed), labels[i]}));
    sizes.add(terms.back());
  }
  for (const Dims& step : path) join_these(terms, step, result, sizes);
  while (terms.size() > 1) {
    const auto [i, k] = next_pair(terms, result, sizes);
    join(terms, i, k, result, sizes);
  }
  // A label whose size is 1 here and was more elsewhere stands in a term that was joined with it: nothing to repeat.
  return to(arranged(keep(std::move(terms[0]), result), result), d);
}

std::string einsum_equation(std::span<const Dims> operands, const std::optional<Dims>& result) {
  const auto text = [](const Dims& list) {
    std::string out;
    for (const std::int64_t v : list) {
      if (v == kEllipsis) {
        out += "...";
        continue;
      }
      if (v < 0 || v >= 52) errors::fail(kOp, "subscripts are numbers from 0 to 51; got ", v);
      out += static_cast<char>(v < 26 ? 'A' + v : 'a' + v - 26);
    }
    return out;
  };
  std::string out;
  for (std::size_t i = 0; i < operands.size(); ++i) out += (i ? "," : "") + text(operands[i]);
  return result ? out + "->" + text(*result) : out;
}

}  // namespace tenon
