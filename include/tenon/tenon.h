// All of tenon's C++ API.
#pragma once

#include "tenon/autograd.h"
#include "tenon/backend.h"
#include "tenon/blas.h"
#include "tenon/elementwise.h"
#include "tenon/ops.h"
#include "tenon/tensor.h"
#include "tenon/threads.h"
