#include "grader/evaluate/cpp_headers.h"

#include <gtest/gtest.h>

namespace farm::evaluate {
namespace {

const std::string kAll = "#include <bits/stdc++.h>\n";

TEST(LeadingStdcpp, IsFoundWhereItComesFirst) {
  EXPECT_EQ(leading_stdcpp(kAll + "int main() {}"), kAll);
  EXPECT_EQ(leading_stdcpp("#include<bits/stdc++.h>\nint main() {}"), kAll);
  EXPECT_EQ(leading_stdcpp("# include  <bits/stdc++.h> // everything\n"), kAll);
  EXPECT_EQ(leading_stdcpp("/* it's\n #include <x> */\n\n" + kAll), kAll);
}

TEST(LeadingStdcpp, IsFoundBehindOtherStandardHeaders) {
  EXPECT_EQ(leading_stdcpp("#include<assert.h>\n#include <unordered_map>\n" + kAll), kAll);
}

TEST(LeadingStdcpp, WhatMayChangeItsMeaningHidesIt) {
  for (const char* before : {"#define int long long\n", "#pragma GCC optimize(\"O3\")\n", "#if 0\n",
                             "int x;\n", "#include \"mine.h\"\n", "#include <boost/any.hpp>\n",
                             "#include <ext/pb_ds/tree_policy.hpp>\n", "using namespace std;\n",
                             "#include <unistd.h>\n", "R\"(\n", "#define X \\\n"}) {
    EXPECT_EQ(leading_stdcpp(before + kAll), "") << before;
  }
}

TEST(LeadingStdcpp, WhereItIsOnlySpokenOfItIsNot) {
  EXPECT_EQ(leading_stdcpp(""), "");
  EXPECT_EQ(leading_stdcpp("#include <vector>\n"), "");
  EXPECT_EQ(leading_stdcpp("// #include <bits/stdc++.h>\nint main() {}"), "");
  EXPECT_EQ(leading_stdcpp("#include \"bits/stdc++.h\"\n"), "");
  EXPECT_EQ(leading_stdcpp("#include <bits/stdc++.h> int x;\n"), "");
}

TEST(FirstInclusion, IsWhatAUnitBeginsWith) {
  EXPECT_EQ(first_inclusion(kAll), "bits/stdc++.h");
  EXPECT_EQ(first_inclusion("\r\n// A.\r\n#include <bits/stdc++.h>\r\nint x;"), "bits/stdc++.h");
  EXPECT_EQ(first_inclusion("#include <vector>\n" + kAll), "vector");
  EXPECT_EQ(first_inclusion("/* 1\n2 */ // 3\n" + kAll + "#define X \\\n R\"(\n"), "bits/stdc++.h");
  EXPECT_EQ(first_inclusion("/* " + kAll), "");
  for (const char* before :
       {"int x;\n", "#define int long long\n", "#pragma GCC optimize(\"O3\")\n", "#if 1\n",
        "#include \"mine.h\"\n", "\xef\xbb\xbf", "#define X \\\n"})
    EXPECT_EQ(first_inclusion(before + kAll), "") << before;
  EXPECT_EQ(first_inclusion(""), "");
}

}  // namespace
}  // namespace farm::evaluate
