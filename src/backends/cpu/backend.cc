#include "backends/cpu/backend.h"

#include "tenon/backend_abi.h"

namespace tenon::cpu {

const Backend& backend() {
  static const Backend b = [] {
    Backend t{};
    t.abi_hash = kBackendAbi;
    t.name = "cpu";
    t.device_count = [] { return 1; };
    t.elementwise = &elementwise;
    t.reduce = &reduce;
    t.scan = &scan;
    t.softmax = &softmax;
    t.matmul = &matmul;
    t.index = &index;
    t.random = &random;
    t.iota = &iota;
    t.sort = &sort;
    t.select = &select;
    t.count_true = &count_true;
    t.true_positions = &true_positions;
    t.masked = &masked;
    t.index_range = &index_range;
    t.program = &program;
    return t;
  }();
  return b;
}

}  // namespace tenon::cpu
