#include <cstdio>
int main() { for (;;) std::puts("spam spam spam"); }
