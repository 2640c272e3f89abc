#define A x y z; x y z; x y z; x y z; x y z; x y z; x y z; x y z;
#define B A A A A A A A A
#define C B B B B B B B B
void f() { C C C C C C C C }
int main() {}
