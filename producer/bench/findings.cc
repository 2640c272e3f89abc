#include "producer/bench/findings.h"

#include <sys/utsname.h>

#include <array>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <thread>

#include "schemas/value.h"

namespace farm::bench {
namespace {

std::string format(const char* pattern, ...) {
  std::array<char, 512> line{};
  va_list arguments;
  va_start(arguments, pattern);
  std::vsnprintf(line.data(), line.size(), pattern, arguments);
  va_end(arguments);
  return line.data();
}

std::string spread_text(const std::vector<double>& values) {
  const Spread spread = spread_of(values);
  return format("%.4g [%.4g to %.4g]", spread.median, spread.low, spread.high);
}

std::string target_text(const Scenario& scenario, const std::vector<double>& figure) {
  const Target& target = scenario.target;
  return format("%s %.4g: %s; goal %.4g: %s", target.at_most ? "at most" : "at least", target.floor,
                meets(target, figure, target.floor) ? "yes" : "NO", target.goal,
                meets(target, figure, target.goal) ? "yes" : "no");
}

Value text_value(std::string_view text) { return {std::string(text)}; }

class Object {
 public:
  Object& add(std::string_view name, Value value) {
    members_.items.emplace_back(text_value(name), std::move(value));
    return *this;
  }
  Value value() { return {std::move(members_)}; }

 private:
  Value::Dict members_;
};

Value spread_value(const std::vector<double>& values) {
  const Spread spread = spread_of(values);
  Value::List turns;
  for (const double value : values) turns.items.push_back({value});
  return Object()
      .add("median", {spread.median})
      .add("low", {spread.low})
      .add("high", {spread.high})
      .add("turns", {std::move(turns)})
      .value();
}

Value profile_value(const std::vector<ProfileStep>& profile) {
  Value::List steps;
  for (const ProfileStep& step : profile) {
    steps.items.push_back(Object()
                              .add("step", text_value(step.name))
                              .add("median_us", {step.median_us})
                              .add("p90_us", {step.p90_us})
                              .add("share", {step.share})
                              .value());
  }
  return {std::move(steps)};
}

std::string first_field(const char* path, const std::string& key) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(key)) return line.substr(line.find(':') + 2);
  }
  return "unknown";
}

}  // namespace

std::string list_text() {
  std::string text;
  for (const Scenario& one : scenarios()) {
    if (!one.measure) {
      text += format("%-23s not available: %s\n", one.name.data(), one.what.data());
      continue;
    }
    text += format("%-23s %s\n%-23s against: %s; %s %s %.4g (goal %.4g)\n", one.name.data(),
                   one.what.data(), "", one.baseline.data(), one.figure.data(),
                   one.target.at_most ? "at most" : "at least", one.target.floor, one.target.goal);
  }
  return text;
}

std::string list_json() {
  std::string text;
  for (const Scenario& one : scenarios()) {
    text += encode_value(Object()
                             .add("scenario", text_value(one.name))
                             .add("available", {one.measure != nullptr})
                             .add("what", text_value(one.what))
                             .value()) +
            "\n";
  }
  return text;
}

std::string finding_text(const Scenario& scenario, const Measured& measured) {
  std::string text = format("%s: %s\n", scenario.name.data(), scenario.what.data());
  text +=
      format("  %-9s %s %s\n", "farm", spread_text(measured.farm).c_str(), scenario.unit.data());
  text += format("  %-9s %s %s: %s\n", "baseline", spread_text(measured.baseline).c_str(),
                 scenario.unit.data(), scenario.baseline.data());
  text += format("  %-9s %s, %s\n", scenario.figure.data(), spread_text(measured.figure).c_str(),
                 target_text(scenario, measured.figure).c_str());
  for (const auto& [name, number] : measured.more)
    text += format("  %s: %.4g\n", name.c_str(), number);
  for (const std::string& note : measured.notes) text += "  note: " + note + "\n";
  for (const ProfileStep& step : measured.profile) {
    text +=
        format("  %-24s %10.0f us, p90 %10.0f us", step.name.c_str(), step.median_us, step.p90_us);
    text += step.share > 0 ? format(", %3.0f %%\n", step.share * 100) : "\n";
  }
  return text;
}

std::string finding_json(const Scenario& scenario, const Measured& measured) {
  const Target& target = scenario.target;
  Object more;
  for (const auto& [name, number] : measured.more) more.add(name, {number});
  Value::List notes;
  for (const std::string& note : measured.notes) notes.items.push_back(text_value(note));
  Object finding;
  finding.add("scenario", text_value(scenario.name))
      .add("what", text_value(scenario.what))
      .add("against", text_value(scenario.baseline))
      .add("unit", text_value(scenario.unit))
      .add("farm", spread_value(measured.farm))
      .add("baseline", spread_value(measured.baseline))
      .add("figure", text_value(scenario.figure))
      .add(scenario.figure == "ratio" ? "ratio" : "added_ms", spread_value(measured.figure))
      .add(target.at_most ? "at_most" : "at_least", {target.floor})
      .add("goal", {target.goal})
      .add("meets_floor", {meets(target, measured.figure, target.floor)})
      .add("meets_goal", {meets(target, measured.figure, target.goal)})
      .add("more", std::move(more).value())
      .add("notes", {std::move(notes)})
      .add("host", text_value(host_text()));
  if (!measured.profile.empty()) finding.add("profile", profile_value(measured.profile));
  return encode_value(std::move(finding).value());
}

std::string host_text() {
  utsname name{};
  ::uname(&name);
  std::array<double, 1> load{};
  if (::getloadavg(load.data(), 1) != 1) load[0] = 0;
  return format("%u CPUs, %s, %s %s, load %.1f", std::thread::hardware_concurrency(),
                first_field("/proc/cpuinfo", "model name").c_str(), name.sysname, name.release,
                load[0]);
}

}  // namespace farm::bench
