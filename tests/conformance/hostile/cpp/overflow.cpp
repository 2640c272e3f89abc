int main() {
  volatile char small[8];
  for (volatile char* at = small;; ++at) *at = 1;
}
