template <int N, int K>
struct Node {
  Node<N - 1, 2 * K> left;
  Node<N - 1, 2 * K + 1> right;
};
template <int K>
struct Node<0, K> {};
Node<24, 0> tree;
int main() {}
