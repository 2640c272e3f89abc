  return a > b ? a : b;
}
int main() { this is where the model rambled on
