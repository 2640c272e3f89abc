}
int main() {
  assert(larger(1, 2) == 2);
  assert(larger(-1, -2) == -1);
}
