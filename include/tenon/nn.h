// All of tenon::nn: the operations of neural networks' layers.
#pragma once

#include "tenon/nn/convolution.h"
#include "tenon/nn/pooling.h"
