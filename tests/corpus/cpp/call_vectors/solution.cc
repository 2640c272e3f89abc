#include <string>
#include <vector>
using namespace std;
vector<string> repeat(const vector<string>& words, vector<int> times) {
  vector<string> out;
  for (size_t i = 0; i < words.size(); i++) {
    string text;
    for (int k = 0; k < times[i]; k++) text += words[i];
    out.push_back(text);
  }
  return out;
}
