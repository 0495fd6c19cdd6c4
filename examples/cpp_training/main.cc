// Trains a classifier on NumPy's files, without Python:
//
//   train IMAGES.npy LABELS.npy PREDICTIONS.npy MODEL.safetensors [EPOCHS]
//
// IMAGES.npy holds n rows of float32, LABELS.npy n integers below the number of classes. The files are mapped: no row is
// read before it is used. A quarter of the rows is kept back; the predictions for all of them become an .npy file.
#include <tenon/tenon.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <vector>

namespace {

using tenon::Tensor;

constexpr std::int64_t kHidden = 128, kBatch = 64;

// A linear layer's weight (out, in) and bias (out), drawn as PyTorch draws them.
struct Linear {
  Tensor weight, bias;

  Linear(std::int64_t in, std::int64_t out)
      : weight(tenon::empty({out, in}, tenon::DType::float32)), bias(tenon::empty({out}, tenon::DType::float32)) {
    const double bound = 1 / std::sqrt(static_cast<double>(in));
    tenon::uniform_(weight, -bound, bound).set_requires_grad(true);
    tenon::uniform_(bias, -bound, bound).set_requires_grad(true);
  }
  Tensor operator()(const Tensor& x) const { return tenon::nn::linear(x, weight, bias); }
};

struct Perceptron {
  Linear first, second;

  Perceptron(std::int64_t features, std::int64_t classes) : first(features, kHidden), second(kHidden, classes) {}
  Tensor operator()(const Tensor& x) const { return second(tenon::relu(first(x))); }
  std::vector<Tensor> parameters() const { return {first.weight, first.bias, second.weight, second.bias}; }
};

int run(int argc, char** argv) {
  if (argc < 5) {
    std::cerr << "usage: train IMAGES.npy LABELS.npy PREDICTIONS.npy MODEL.safetensors [EPOCHS]\n";
    return 2;
  }
  const Tensor images = tenon::load_npy(argv[1], /*mmap=*/true);
  const Tensor labels = tenon::load_npy(argv[2]).to(tenon::DType::int64);
  const int epochs = argc > 5 ? std::atoi(argv[5]) : 30;
  const std::int64_t n = images.size(0), kept = n / 4;
  const std::int64_t classes = tenon::amax(labels).item().to<std::int64_t>() + 1;

  tenon::default_generator().manual_seed(0);
  const Perceptron model(images.size(1), classes);
  tenon::optim::AdamW optimizer(model.parameters(), {.lr = 3e-3});
  const Tensor order = tenon::randperm(n);
  const Tensor seen = tenon::narrow(order, 0, kept, n - kept), unseen = tenon::narrow(order, 0, 0, kept);

  for (int epoch = 1; epoch <= epochs; ++epoch) {
    const Tensor shuffled = tenon::index_select(seen, 0, tenon::randperm(seen.numel()));
    double total = 0;
    for (std::int64_t at = 0; at < shuffled.numel(); at += kBatch) {
      const Tensor rows = tenon::narrow(shuffled, 0, at, std::min(kBatch, shuffled.numel() - at));
      const Tensor loss =
          tenon::nn::cross_entropy(model(tenon::index_select(images, 0, rows)), tenon::index_select(labels, 0, rows));
      optimizer.zero_grad();
      loss.backward();
      optimizer.step();
      total += loss.item().to<double>() * static_cast<double>(rows.numel());
    }
    if (epoch == 1 || epoch % 10 == 0 || epoch == epochs)
      std::cout << "epoch " << epoch << ": loss " << total / static_cast<double>(shuffled.numel()) << '\n';
  }

  const tenon::NoGrad guard;  // nothing below is recorded
  const Tensor predictions = tenon::argmax(model(images), 1);
  const Tensor right = tenon::eq(tenon::index_select(predictions, 0, unseen), tenon::index_select(labels, 0, unseen));
  std::cout << "right: " << tenon::count_nonzero(right).item().to<std::int64_t>() << " of " << kept << " unseen rows\n";
  tenon::save_npy(argv[3], predictions);
  tenon::save_safetensors(argv[4], {{"0.weight", model.first.weight},
                                    {"0.bias", model.first.bias},
                                    {"2.weight", model.second.weight},
                                    {"2.bias", model.second.bias}});
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << "train: " << error.what() << '\n';
    return 1;
  }
}
