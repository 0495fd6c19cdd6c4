// All of tenon::nn: the operations of neural networks' layers.
#pragma once

#include "tenon/nn/attention.h"
#include "tenon/nn/convolution.h"
#include "tenon/nn/embedding.h"
#include "tenon/nn/linear.h"
#include "tenon/nn/losses.h"
#include "tenon/nn/normalization.h"
#include "tenon/nn/pooling.h"
#include "tenon/nn/recurrent.h"
