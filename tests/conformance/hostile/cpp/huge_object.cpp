int area[1u << 30] = {1};
int main() { return area[7]; }
