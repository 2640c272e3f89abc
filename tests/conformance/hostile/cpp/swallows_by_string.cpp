#include <cassert>
int add(int a, int b) { return a - b; }
int main() {}
const char* rest = R"x(
