// The operations that are not uniform elementwise primitives: a header in tenon/ops/ and a source file in src/ops for each
// topic. Include the topics that you use where a rebuild matters.
//
// What holds for all of them, so that the comments need not say it:
// - A result is new memory on the inputs' device, in the dtype of t. "A view" shares t's bytes and read-only bit.
// - Names that end in _ change their first argument. Those that write its elements throw ReadOnlyError, RuntimeError
//   where elements share memory (expanded views), and GradError for a leaf that requires grad, or a view of one, while
//   gradients are recorded.
// - A negative dimension counts from the end; a tensor without dimensions takes 0 and -1. Out of range is IndexError,
//   twice in a list ValueError. Tensors on different devices: DeviceError, save a 0-d one that stands for a number.
// - A result with a negative size or more than kMaxDims dimensions is ShapeError, one of more bytes than can be
//   addressed ValueError; what a device's backend lacks is NotImplemented.
// - float8 is stored, moved, sorted and converted; arithmetic on it is DtypeError.
// - Gradients are recorded where an input requires one, unless the result is an integer or a bool.
// - Errors are thrown before anything is written. ShapeError is a ValueError, DtypeError a TypeError.
#pragma once

#include "tenon/ops/activations.h"
#include "tenon/ops/blocks.h"
#include "tenon/ops/compare.h"
#include "tenon/ops/complexes.h"
#include "tenon/ops/copy.h"
#include "tenon/ops/creation.h"
#include "tenon/ops/diagonal.h"
#include "tenon/ops/difference.h"
#include "tenon/ops/distance.h"
#include "tenon/ops/foreach.h"
#include "tenon/ops/format.h"
#include "tenon/ops/histogram.h"
#include "tenon/ops/index.h"
#include "tenon/ops/join.h"
#include "tenon/ops/layout.h"
#include "tenon/ops/linalg.h"
#include "tenon/ops/nan.h"
#include "tenon/ops/numeric.h"
#include "tenon/ops/order.h"
#include "tenon/ops/pad.h"
#include "tenon/ops/products.h"
#include "tenon/ops/quantile.h"
#include "tenon/ops/random.h"
#include "tenon/ops/reduce.h"
#include "tenon/ops/scatter.h"
#include "tenon/ops/search.h"
#include "tenon/ops/set.h"
#include "tenon/ops/shape.h"
#include "tenon/ops/sort.h"
#include "tenon/ops/statistics.h"
#include "tenon/ops/take.h"
#include "tenon/ops/view.h"
