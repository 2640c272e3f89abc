// schemas/README.md says what the code does.
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <sstream>

#include "schemas/value.h"
#include "schemas/verdict.h"
#include "tests/unit/schemas/golden.h"

namespace farm {
namespace {

std::string trimmed(const std::string& text) {
  const std::size_t begin = text.find_first_not_of(' ');
  return begin == std::string::npos ? ""
                                    : text.substr(begin, text.find_last_not_of(' ') + 1 - begin);
}

// The code spans of a cell: `a` and `b` → {a, b}.
std::vector<std::string> code_spans(const std::string& cell) {
  std::vector<std::string> spans;
  std::size_t open = 0;
  while ((open = cell.find('`', open)) != std::string::npos) {
    const std::size_t close = cell.find('`', open + 1);
    if (close == std::string::npos) break;
    spans.push_back(cell.substr(open + 1, close - open - 1));
    open = close + 1;
  }
  return spans;
}

// The rows of the table whose header begins with `header`, without header and rule.
std::vector<std::vector<std::string>> table(const std::string& header) {
  std::istringstream readme(golden::content_of(golden::folder() / "README.md"));
  std::vector<std::vector<std::string>> rows;
  bool inside = false;
  for (std::string line; std::getline(readme, line);) {
    if (line.starts_with(header)) inside = true;
    if (!line.starts_with("|")) inside = false;
    if (!inside || line.starts_with(header) || line.starts_with("|---")) continue;
    std::vector<std::string> cells;
    std::istringstream parts(line.substr(1));
    for (std::string cell; std::getline(parts, cell, '|');) cells.push_back(trimmed(cell));
    rows.push_back(std::move(cells));
  }
  EXPECT_FALSE(rows.empty()) << header;
  return rows;
}

std::set<std::string> spans_of_column(const std::string& header) {
  std::set<std::string> spans;
  for (const auto& row : table(header)) {
    for (std::string& span : code_spans(row.at(0))) spans.insert(std::move(span));
  }
  return spans;
}

std::set<std::string> member_names(const rapidjson::Value& schema, const std::string& prefix = "") {
  std::set<std::string> names;
  for (const auto& member : schema["properties"].GetObject())
    names.insert(prefix + member.name.GetString());
  return names;
}

void merge(std::set<std::string>& into, const std::set<std::string>& from) {
  into.insert(from.begin(), from.end());
}

TEST(Readme, TheVerdictTableIsThatOfTheCode) {
  std::map<std::string, std::string> documented;
  for (const auto& row : table("| verdict | fault | when |")) {
    documented[code_spans(row.at(0)).at(0)] = row.at(1);
  }

  for (int i = 0; i <= static_cast<int>(Verdict::kNotRun); ++i) {
    const auto verdict = static_cast<Verdict>(i);
    EXPECT_EQ(documented[std::string(word(verdict))], word(fault_of(verdict)));
  }
  EXPECT_EQ(documented.size(), static_cast<std::size_t>(Verdict::kNotRun) + 1);
}

TEST(Readme, TheRequestTableNamesEveryMember) {
  const rapidjson::Document schema = golden::schema("evaluation_request.schema.json");
  std::set<std::string> members = member_names(schema);
  merge(members, member_names(schema["definitions"]["submission"], "submission."));
  merge(members, member_names(schema["definitions"]["policy"], "policy."));

  EXPECT_EQ(spans_of_column("| member | type, unit | default | meaning |"), members);
}

TEST(Readme, TheLimitsTableNamesEveryMember) {
  const rapidjson::Document schema = golden::schema("evaluation_request.schema.json");

  EXPECT_EQ(spans_of_column("| member of `limits` |"),
            member_names(schema["definitions"]["limits"]));
}

TEST(Readme, TheEvaluationTableNamesEveryMember) {
  const rapidjson::Document schema = golden::schema("evaluation_request.schema.json");
  const auto& definitions = schema["definitions"];
  std::set<std::string> members;
  for (const char* type :
       {"stdin_stdout", "function_call", "assert", "test_suite", "notebook", "run"}) {
    merge(members, member_names(definitions[type]));
  }
  for (const char* type : {"stdin_stdout", "function_call"}) {
    merge(members, member_names(definitions[type]["properties"]["comparison"], "comparison."));
  }
  merge(members, member_names(definitions["stdin_stdout"]["properties"]["checker"], "checker."));
  merge(members,
        member_names(definitions["function_call"]["properties"]["signature"], "signature."));
  merge(members, member_names(definitions["stdin_case"], "cases[]."));
  merge(members, member_names(definitions["call_case"], "cases[]."));
  for (const char* named_by_their_members : {"comparison", "checker", "signature"}) {
    members.erase(named_by_their_members);
  }

  EXPECT_EQ(spans_of_column("| member of `evaluation` |"), members);
}

TEST(Readme, TheResultTableNamesEveryMember) {
  const rapidjson::Document schema = golden::schema("evaluation_result.schema.json");
  std::set<std::string> members = member_names(schema);
  merge(members, member_names(schema["definitions"]["case"], "cases[]."));
  merge(members, member_names(schema["properties"]["timings"], "timings."));
  merge(members, member_names(schema["properties"]["grader"], "grader."));
  for (const char* named_by_their_members : {"cases", "timings", "grader"})
    members.erase(named_by_their_members);

  EXPECT_EQ(spans_of_column("| member | type, unit | meaning |"), members);
}

TEST(Readme, EveryValueReadsAndIsWrittenAsTheTableSays) {
  for (const auto& row : table("| Python | JSON |")) {
    const std::string json = code_spans(row.at(1)).at(0);
    const std::string written = row.at(2) == "same" ? json : code_spans(row.at(2)).at(0);
    const auto value = decode_value(json);
    ASSERT_TRUE(value.has_value()) << json << ": " << value.error().what;
    EXPECT_EQ(encode_value(*value), written);
  }
}

TEST(Readme, TheValuesOfTheEqualityTableAreValues) {
  for (const auto& row : table("| rule | equal |")) {
    for (const std::size_t column : {1U, 2U}) {
      for (const std::string& json : code_spans(row.at(column))) {
        EXPECT_TRUE(decode_value(json).has_value()) << json;
      }
    }
  }
}

}  // namespace
}  // namespace farm
