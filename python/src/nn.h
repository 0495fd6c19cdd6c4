// What the rows of neural networks share.
#pragma once

#include "op.h"

namespace tenon::py {

using MaybeTensor = const std::optional<Tensor>&;

// An optional tensor, undefined where it is None.
inline Tensor given(MaybeTensor t) { return t ? *t : Tensor(); }

// A documentation of parts that rows share.
inline const char* text(std::initializer_list<const char*> parts) {
  auto* all = new std::string;  // lives as long as the row
  for (const char* p : parts) *all += p;
  return all->c_str();
}

}  // namespace tenon::py
