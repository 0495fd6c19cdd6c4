#include "autograd/walk.h"

namespace tenon::autograd {

void Walk::from(const Edge& root) {
  if (!root) return;
  if (root.node->leaf()) {
    if (root.node->hooks()) ++expected_[root.node.get()];
    return;
  }
  // Depth first, with a stack of its own: a node is finished when all of its inputs are.
  struct Step {
    const Node* node;
    std::size_t next = 0;
  };
  std::vector<Step> steps;
  if (leads_.emplace(root.node.get(), false).second) steps.push_back({root.node.get()});
  while (!steps.empty()) {
    Step& s = steps.back();
    bool& leads = leads_[s.node];
    if (s.next == s.node->edges().size()) {
      const bool useful = leads || wanted_.contains(s.node);
      steps.pop_back();
      if (useful && !steps.empty()) leads_[steps.back().node] = true;
      continue;
    }
    const Edge& e = s.node->edges()[s.next++];
    if (!e) continue;
    const Node* n = e.node.get();
    if (n->leaf()) {
      if (n->hooks()) ++expected_[n];
      leads |= wanted_.contains(n);
    } else if (const auto [it, is_new] = leads_.emplace(n, false); is_new) {
      steps.push_back({n});
    } else if (it->second || wanted_.contains(n)) {
      leads_[s.node] = true;
    }
  }
}

}  // namespace tenon::autograd
