#include <fstream>
#include <iostream>
int main(int argc, char** argv) {
  std::ofstream("out.bin", std::ios::binary).put('\0').put('\xff');
  std::cout << argc << ' ' << argv[1] << '\n';
}
