// tenon from C++: a program with nothing but find_package(tenon).
#include <iostream>
#include <tenon/tenon.h>

int main() {
  tenon::Tensor a = tenon::arange(6).reshape({2, 3});
  std::cout << (a + a).sum() << '\n';  // 30
}
