// What the scans share.
#pragma once

#include <algorithm>

#include "backends/cpu/cursor.h"
#include "tenon/backend.h"

namespace tenon::cpu {

// Calls f(in, in_stride, out, out_stride, n) for runs of lines begin to end, of at most `most` lines.
template <class F>
void for_lines(const ScanCall& c, std::int64_t begin, std::int64_t end, std::int64_t most, F&& f) {
  Cursor from(c.outer, 1, static_cast<char*>(const_cast<void*>(c.in)), begin),
      to(c.outer, 0, static_cast<char*>(c.out), begin);
  for (std::int64_t at = begin; at < end; at += most)
    from.advance(std::min(most, end - at), [&](char* p, std::int64_t stride, std::int64_t, std::int64_t n) {
      to.advance(n,
                 [&](char* q, std::int64_t out_stride, std::int64_t, std::int64_t) { f(p, stride, q, out_stride, n); });
    });
}

// Scan::argmax and Scan::argmin.
int scan_extremum(const ScanCall& c);

}  // namespace tenon::cpu
