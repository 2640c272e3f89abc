#include <cassert>
int add(int a, int b) { return a - b; }
#define for if (false) for
#define if(...) while (false)
#define auto const auto
#define return return 0 *
