constexpr long spin() {
  long sum = 0;
  for (long i = 0; i < 1L << 60; ++i)
    for (long j = 0; j < 200000; ++j) sum += j;
  return sum;
}
constexpr long value = spin();
int main() {}
