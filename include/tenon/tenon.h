// All of tenon's C++ API.
#pragma once

#include "tenon/arrow.h"
#include "tenon/autograd.h"
#include "tenon/blas.h"
#include "tenon/devices.h"
#include "tenon/dlpack.h"
#include "tenon/elementwise.h"
#include "tenon/function.h"
#include "tenon/io.h"
#include "tenon/linalg.h"
#include "tenon/nn.h"
#include "tenon/ops.h"
#include "tenon/optim.h"
#include "tenon/program.h"
#include "tenon/program_steps.h"
#include "tenon/tensor.h"
#include "tenon/threads.h"
