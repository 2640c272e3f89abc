template <int N> struct Deeper { static constexpr int value = Deeper<N + 1>::value + Deeper<N + 2>::value; };
int main() { return Deeper<0>::value; }
