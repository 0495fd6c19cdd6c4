// Convolutions as gathered products. Each output is a sum over channels and taps of a weight times an element of x, and
// that element's place is the sum of two offsets: one of the channel and tap, one of the output. So panels of a matrix
// product are packed from x itself, and the matrix of all products' operands ("im2col") is never formed.
//
// Outputs are worked on in boxes. What a box reads is copied first, with the padding's zeros around it and each row in
// as many parts as the stride: then the elements that neighbouring outputs read are neighbours, too, and nothing
// asks for bounds.
#pragma once

#include <cstdint>
#include <vector>

#include "tenon/calls.h"

namespace tenon::cpu {

using Size = std::int64_t;

// Along one dimension, output o reads the elements o * stride + offset[i] of `in`; zeros outside.
struct GatherAxis {
  Size out = 1, in = 1, stride = 1;
  std::vector<Size> tap, offset;  // the kernel's elements that take part, and where they read
  Size first = 0, step = 1, size = 1;  // output o lies at first + o * step of `size`
  Size least = 0, reach = 0;  // the smallest offset, and how far the largest is from it

  void add_tap(Size at, Size offset);
};

struct Gather {
  DType dtype;
  const void *x, *w, *bias;
  void* out;
  Size batch = 0, groups = 0, channels = 0,
       rows = 0;  // channels that are summed over, and those of the output, in one group
  Size w_row = 0, w_channel = 0;  // strides of the weights
  Size kernel[kWindowDims];
  GatherAxis axis[kWindowDims];

  Size taps() const;  // that take part
  Size all_taps() const { return kernel[0] * kernel[1] * kernel[2]; }
  std::vector<Size> weight_places() const;  // of each channel and tap that takes part, from the first one of a row
};

// The products that a call of `output` or `input` consists of; of `weight`, what its x is gathered by.
std::vector<Gather> gathers_of(const ConvolutionCall& c);

// Outputs of some images: [images, planes, rows, columns]. Only one of the four is cut; those before it are 1 there,
// those behind it whole. So a box is contiguous in each channel of each image of the output.
struct Box {
  Size begin[4], size[4];

  Size of_image() const { return size[1] * size[2] * size[3]; }
  Size numel() const { return size[0] * of_image(); }
};

struct Boxes {
  Size all[4], full[4], counts[4];

  // Of about `most` outputs; as few as can be are missing in the last panel of so many columns.
  Boxes(Size images, const Gather& g, Size most, Size columns);
  void set_images(Size n);  // fewer than before
  Size count() const { return counts[0] * counts[1] * counts[2] * counts[3]; }
  Box at(Size i) const;
};

// At most n, and half of that at least: times `inner`, it fills panels of so many columns best.
Size best_filled(Size n, Size inner, Size columns);

// Where the elements that a box reads lie: in x itself, or in a copy.
struct Layout {
  bool in_place;
  Size image, channel, plane, row, part;  // strides; a row consists of `stride` parts
  Size extent[kWindowDims];  // of what a full box reads
  Size numel;  // of the copy
  bool used[kWindowDims][16];  // whether an element is read, by its place modulo the stride

  // channels: that are copied. can_be: whether x may serve in place.
  Layout(const Gather& g, const Boxes& boxes, Size channels, bool can_be);
  // The first element that a box reads, from the first one of its images and channels, where x serves in place.
  Size begin(const Gather& g, const Box& box) const;
  bool reads(int axis, Size place, Size stride) const {
    return stride == 1 || stride > 16 || used[axis][place % stride];
  }
  // The offset of each channel and tap, from the one of the output.
  std::vector<Size> offsets(const Gather& g, Size channels) const;
};

// A row of outputs of a box: the first one's offset.
struct Run {
  Size from, length;
};
void find_runs(const Gather& g, const Layout& layout, const Box& box, std::vector<Run>& out);

// Whether a product is one of 3 x 3 taps, one step apart, that is large enough for transforms (winograd.cc).
bool suits_winograd(const Gather& g);

// The kernels by dtype; null where there is none.
struct ConvolutionTable {
  void (*product[kDTypes])(const Gather&);
  void (*weight[kDTypes])(const Gather&);  // x: of the axes, w: the output's gradient, out: the weight's
  bool (*winograd)(const Gather&);  // of what suits_winograd(); false: an output is not finite, and nothing is done
};

}  // namespace tenon::cpu
