// A look at the graph before it runs: which nodes lead to the wanted inputs, and how many gradients a leaf will get.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "tenon/node.h"

namespace tenon::autograd {

class Walk {
 public:
  // Without begin() everything is needed and nothing is counted: most graphs need no walk.
  void begin(bool only_wanted) { only_wanted_ = only_wanted; }
  void want(const Node* n) { wanted_.emplace(n, true); }
  // Looks at what is reached from a root.
  void from(const Edge& root);

  // Whether a gradient that comes to the node is of use.
  bool needs(const Node& n) const { return !only_wanted_ || wanted_.contains(&n) || goes_on(n); }
  // Whether one of the node's inputs leads to a wanted tensor.
  bool goes_on(const Node& n) const {
    const auto it = leads_.find(&n);
    return !only_wanted_ || (it != leads_.end() && it->second);
  }
  // Called for each gradient that a leaf gets, defined or not: whether it was the last one.
  bool was_last(const Node& leaf) {
    const auto it = expected_.find(&leaf);
    return it != expected_.end() && --it->second == 0;
  }

 private:
  bool only_wanted_ = false;
  std::unordered_map<const Node*, bool> wanted_;
  std::unordered_map<const Node*, bool> leads_;        // nodes that were visited
  std::unordered_map<const Node*, std::int64_t> expected_;  // gradients that leaves with hooks will get
};

}  // namespace tenon::autograd
