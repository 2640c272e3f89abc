#include "/dev/stdin"
int main() { return missing; }
