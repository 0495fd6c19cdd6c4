// Which products a convolution consists of, and in which boxes their outputs are worked on.
#include "backends/cpu/convolution.h"

#include <algorithm>

#include "backends/cpu/backend.h"

namespace tenon::cpu {

void add_convolution_products(ConvolutionTable&);
void add_convolution_weights(ConvolutionTable&);
void add_winograd_products(ConvolutionTable&);

void GatherAxis::add_tap(Size at, Size by) {
  tap.push_back(at);
  offset.push_back(by);
  const auto [low, high] = std::minmax_element(offset.begin(), offset.end());
  least = *low;
  reach = *high - *low;
}

Size Gather::taps() const { return static_cast<Size>(axis[0].tap.size() * axis[1].tap.size() * axis[2].tap.size()); }
std::vector<Size> Gather::weight_places() const {
  std::vector<Size> places;
  places.reserve(static_cast<std::size_t>(channels * taps()));
  for (Size c = 0; c < channels; ++c)
    for (const Size d : axis[0].tap)
      for (const Size h : axis[1].tap)
        for (const Size w : axis[2].tap) places.push_back(c * w_channel + (d * kernel[1] + h) * kernel[2] + w);
  return places;
}

namespace {

Size pieces(Size n, Size each) { return (n + each - 1) / each; }

// A kernel of one tap that moves over all elements sees them as one long row.
bool is_pointwise(const Windows& w) {
  for (int i = 0; i < kWindowDims; ++i)
    if (w.kernel[i] != 1 || w.stride[i] != 1 || w.padding[i] != 0 || w.in[i] != w.out[i]) return false;
  return true;
}
Windows as_one_row(Windows w) {
  for (WindowSizes* s : {&w.in, &w.out}) *s = WindowSizes{{1, 1, s->numel()}};
  return w;
}

GatherAxis forward(const Windows& w, int i) {
  GatherAxis a;
  a.out = a.size = w.out[i];
  a.in = w.in[i];
  a.stride = w.stride[i];
  for (Size k = 0; k < w.kernel[i]; ++k) a.add_tap(k, k * w.dilation[i] - w.padding[i]);
  return a;
}

// The elements phase, phase + stride, ... of the input: each tap that meets them reads gradients one after the other.
GatherAxis backward(const Windows& w, int i, Size phase) {
  GatherAxis a;
  a.out = phase < w.in[i] ? pieces(w.in[i] - phase, w.stride[i]) : 0;
  a.in = w.out[i];
  a.first = phase;
  a.step = w.stride[i];
  a.size = w.in[i];
  for (Size k = 0; k < w.kernel[i]; ++k) {
    const Size place = phase + w.padding[i] - k * w.dilation[i];
    if (place % w.stride[i] == 0) a.add_tap(k, place / w.stride[i]);
  }
  return a;
}

}  // namespace

Size best_filled(Size n, Size inner, Size columns) {
  const auto fill = [&](Size i) {
    return static_cast<double>(i * inner) / static_cast<double>(pieces(i * inner, columns) * columns);
  };
  Size best = n;
  for (Size i = n - 1; i >= (n + 1) / 2; --i)
    if (fill(i) > fill(best)) best = i;
  return best;
}

std::vector<Gather> gathers_of(const ConvolutionCall& c) {
  const Windows w = is_pointwise(c.windows) ? as_one_row(c.windows) : c.windows;
  const Size taps = w.kernel.numel();
  Gather g;
  g.dtype = c.dtype;
  g.x = c.a;
  g.w = c.b;
  g.bias = c.bias;
  g.out = c.out;
  g.batch = c.batch;
  g.groups = c.groups;
  g.channels = c.in_channels;
  g.rows = c.out_channels;
  g.w_row = c.in_channels * taps;
  g.w_channel = taps;
  std::copy_n(w.kernel.size, kWindowDims, g.kernel);
  std::vector<Gather> all;
  if (c.kind != Convolution::input) {
    if (c.kind == Convolution::weight) std::swap(g.x, g.w);
    for (int i = 0; i < kWindowDims; ++i) g.axis[i] = forward(w, i);
    all.push_back(g);
    return all;
  }
  std::swap(g.channels, g.rows);
  std::swap(g.w_row, g.w_channel);
  for (Size p = 0; p < w.stride.numel(); ++p) {
    const Size phase[] = {p / (w.stride[1] * w.stride[2]), p / w.stride[2] % w.stride[1], p % w.stride[2]};
    bool any = true;
    for (int i = 0; i < kWindowDims; ++i) {
      g.axis[i] = backward(w, i, phase[i]);
      any = any && g.axis[i].out > 0;
    }
    if (any) all.push_back(g);
  }
  return all;
}

Boxes::Boxes(Size images, const Gather& g, Size most, Size columns)
    : all{images, g.axis[0].out, g.axis[1].out, g.axis[2].out} {
  Size room = std::max<Size>(most, 1), inner = 1;  // outputs in a box so far
  for (int i = 3; i >= 0; --i, inner *= full[i + 1]) {
    // As many as there is room for, in parts that are about equal.
    const Size parts = pieces(all[i], std::max<Size>(room, 1));
    full[i] = parts > 0 ? pieces(all[i], parts) : 1;
    if (i == 3 && parts > 1) full[i] = std::min(all[i], pieces(full[i], columns) * columns);
    if (i < 3 && parts > 1) full[i] = best_filled(full[i], inner, columns);
    room = parts > 1 ? 1 : room / full[i];
    counts[i] = pieces(all[i], full[i]);
  }
}

void Boxes::set_images(Size n) {
  all[0] = n;
  counts[0] = pieces(n, full[0]);
}

Box Boxes::at(Size i) const {
  Box b;
  for (int d = 3; d >= 0; --d) {
    b.begin[d] = i % counts[d] * full[d];
    b.size[d] = std::min(full[d], all[d] - b.begin[d]);
    i /= counts[d];
  }
  return b;
}

Layout::Layout(const Gather& g, const Boxes& boxes, Size channels, bool can_be) : in_place(can_be), part(0), used{} {
  for (int i = 0; i < kWindowDims; ++i) {
    const GatherAxis& a = g.axis[i];
    extent[i] = (boxes.full[i + 1] - 1) * a.stride + a.reach + 1;
    in_place = in_place && a.least >= 0 && (a.out - 1) * a.stride + a.least + a.reach < a.in;
    if (a.stride <= 16)
      for (const Size offset : a.offset) used[i][(offset - a.least) % a.stride] = true;
  }
  const GatherAxis& last = g.axis[2];
  in_place = in_place && last.stride == 1;
  if (in_place) {
    row = last.in;
    plane = row * g.axis[1].in;
    channel = plane * g.axis[0].in;
    image = channel * g.channels * g.groups;
    numel = 0;
    return;
  }
  part = pieces(extent[2], last.stride);
  row = part * last.stride;
  plane = row * extent[1];
  channel = plane * extent[0];
  image = channel * channels;
  numel = image * boxes.full[0];
}

Size Layout::begin(const Gather& g, const Box& box) const {
  const auto first = [&](int i) { return box.begin[i + 1] * g.axis[i].stride + g.axis[i].least; };
  return box.begin[0] * image + first(0) * plane + first(1) * row + first(2);
}

std::vector<Size> Layout::offsets(const Gather& g, Size channels) const {
  std::vector<Size> all;
  all.reserve(static_cast<std::size_t>(channels * g.taps()));
  const Size least[] = {g.axis[0].least, g.axis[1].least, g.axis[2].least};
  for (Size c = 0; c < channels; ++c)
    for (const Size d : g.axis[0].offset)
      for (const Size h : g.axis[1].offset)
        for (const Size w : g.axis[2].offset) {
          const Size at = w - least[2], stride = g.axis[2].stride;
          all.push_back(c * channel + (d - least[0]) * plane + (h - least[1]) * row + at % stride * part + at / stride);
        }
  return all;
}

void find_runs(const Gather& g, const Layout& l, const Box& box, std::vector<Run>& out) {
  out.clear();
  for (Size n = 0; n < box.size[0]; ++n)
    for (Size d = 0; d < box.size[1]; ++d)
      for (Size h = 0; h < box.size[2]; ++h)
        out.push_back({n * l.image + d * g.axis[0].stride * l.plane + h * g.axis[1].stride * l.row, box.size[3]});
}

Status convolution(const ConvolutionCall& c) {
  static const ConvolutionTable* table = [] {
    auto* t = new ConvolutionTable{};
    add_convolution_products(*t);
    add_convolution_weights(*t);
    add_winograd_products(*t);
    return t;
  }();
  const auto& kernels = c.kind == Convolution::weight ? table->weight : table->product;
  const auto kernel = kernels[static_cast<int>(c.dtype)];
  if (!kernel) return Status::unavailable;
  if (c.batch * c.groups > 0)
    for (const Gather& g : gathers_of(c))
      if (c.kind == Convolution::weight || !suits_winograd(g) || !table->winograd(g)) kernel(g);
  return Status::ok;
}

}  // namespace tenon::cpu
