#include "producer/gateway/assert_program.h"

#include <array>
#include <cctype>
#include <cstddef>
#include <utility>

namespace farm::gateway {
namespace {

bool is_word_part(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

bool names(std::string_view text, std::string_view word) {
  for (std::size_t at = text.find(word); at != std::string_view::npos;
       at = text.find(word, at + 1)) {
    const std::size_t end = at + word.size();
    const bool begins = at == 0 || !is_word_part(text[at - 1]);
    if (begins && (end == text.size() || !is_word_part(text[end]))) return true;
  }
  return false;
}

// The word by which a program uses a module, and the line that brings it.
constexpr std::array<std::pair<std::string_view, std::string_view>, 15> kModules = {{
    {"math", "import math\n"},
    {"re", "import re\n"},
    {"sys", "import sys\n"},
    {"copy", "import copy\n"},
    {"datetime", "import datetime\n"},
    {"itertools", "import itertools\n"},
    {"collections", "import collections\n"},
    {"heapq", "import heapq\n"},
    {"statistics", "import statistics\n"},
    {"functools", "import functools\n"},
    {"hashlib", "import hashlib\n"},
    {"numpy", "import numpy\n"},
    {"np", "import numpy as np\n"},
    {"string", "import string\n"},
    {"typing", "import typing\n"},
}};
constexpr std::string_view kStars = "from typing import *\nfrom collections import *\n";

std::string named_imports(std::string_view text) {
  std::string lines;
  for (const auto& [word, line] : kModules) {
    if (names(text, word)) lines += line;
  }
  return lines;
}

constexpr std::string_view kPeersImports =
    "import math\nimport re\nimport sys\nimport copy\nimport datetime\nimport itertools\n"
    "import collections\nimport heapq\nimport statistics\nimport functools\nimport hashlib\n"
    "import numpy\nimport numpy as np\nimport string\nfrom typing import *\n"
    "from collections import *\n";

// <boost/any.hpp> costs a second of compiling.
std::string cpp_headers(std::string_view text) {
  std::string headers = "#include <bits/stdc++.h>\n";
  if (names(text, "boost")) headers += "#include <boost/any.hpp>\n";
  return headers;
}

}  // namespace

AssertProgram assert_program(std::string_view language, std::string_view program,
                             std::string_view tests, std::string_view entry_point) {
  AssertProgram out;
  out.tests = tests;
  if (language == "python") {
    out.code = named_imports(program) + std::string(kStars) + std::string(program);
    const std::string checked = std::string(tests) + "\ncheck(" + std::string(entry_point) + ")";
    out.tests = named_imports(tests) + checked;
    out.full_code = std::string(kPeersImports) + std::string(program) + "\n" + checked;
    return out;
  }
  const std::string whole = std::string(program) + "\n" + std::string(tests);
  if (language == "cpp") {
    const std::string headers = cpp_headers(whole);
    out.code = headers + "using namespace std;\n" + std::string(program);
    out.full_code = "using namespace std;\n" + headers + whole;
    return out;
  }
  out.code = program;
  out.full_code = whole;
  return out;
}

std::string with_solution_preamble(std::string_view program) {
  constexpr std::string_view kPreamble =
      "from string import *\nfrom re import *\nfrom datetime import *\nfrom collections import *\n"
      "from heapq import *\nfrom bisect import *\nfrom copy import *\nfrom math import *\n"
      "from random import *\nfrom statistics import *\nfrom itertools import *\n"
      "from functools import *\nfrom operator import *\nfrom io import *\nfrom sys import *\n"
      "from json import *\nfrom builtins import *\nfrom typing import *\n"
      "import string, re, datetime, collections, heapq, bisect, copy, math, random, statistics\n"
      "import itertools, functools, operator, io, sys, json\n"
      "sys.setrecursionlimit(600000)\n";
  return std::string(kPreamble) + std::string(program);
}

}  // namespace farm::gateway
