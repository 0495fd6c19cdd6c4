// tenon from C++: a program with nothing but find_package(tenon).
#include <tenon/tenon.h>

#include <iostream>

int main() {
  tenon::Tensor a = tenon::arange(6).reshape({2, 3});
  std::cout << (a + a).sum() << '\n';  // tensor(30)
}
