#include "core/errors.h"
#include "tenon/ops.h"
namespace tenon {
}
