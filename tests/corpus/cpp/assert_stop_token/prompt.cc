#include <cassert>
// The larger one of a and b.
int larger(int a, int b) {
