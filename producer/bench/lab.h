// Lab: what all scenarios of one run share: options, engine, scratch space, the two crews, and a
// voice on stderr.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "grader/config/config.h"
#include "producer/bench/engine.h"
#include "producer/bench/plain_process.h"
#include "producer/bench/profile.h"
#include "producer/bench/turns.h"
#include "producer/command/interrupt.h"
#include "producer/command/scratch_dir.h"
#include "schemas/expected.h"

namespace farm::bench {

struct Measured;

class Lab {
 public:
  Lab(const config::BenchOptions& options, const command::Interrupt& interrupt, Engine& engine,
      command::ScratchDir scratch);

  const config::BenchOptions& options() const { return options_; }
  Engine& engine() { return engine_; }
  bool interrupted() const { return interrupt_.pending().has_value(); }
  // Different in every run of this program.
  const std::string& session() const { return session_; }
  // Different each time: what nobody can have cached.
  std::string fresh_name() { return session_ + "-" + std::to_string(names_++); }

  int slots(int own) const { return options_.slots.value_or(own); }
  int rounds(int own = 5) const { return options_.rounds.value_or(own); }
  Budget budget(Milliseconds own) const;  // --count, else --seconds, else the scenario's own
  Budget budget(std::int64_t own) const;

  // The farm's side on the engine; and plain processes, each worker of which has a directory of its
  // own and is nobody.
  Crew engine_crew(int workers) const;
  Crew plain_crew(int workers) const;
  std::string plain_directory(int worker) const;
  const std::string& scratch_path() const { return scratch_.path(); }  // open to all users

  // farm over baseline, in turns of the same length, each after one unit that is not counted.
  // `per_slot`: rates are divided by the number of slots.
  Expected<Measured> compare(const std::string& scenario, int slots, const Budget& budget,
                             const Unit& farm, const Unit& plain);
  void say(const std::string& line) const;
  void say_round(const std::string& scenario, int round, int rounds, double farm,
                 double baseline) const;

 private:
  const config::BenchOptions& options_;
  const command::Interrupt& interrupt_;
  Engine& engine_;
  const command::ScratchDir scratch_;
  const std::string session_;
  std::atomic<std::int64_t> names_{0};
};

// Grades and times one request as a unit of `items`; what is not accepted is an error that shows
// the verdict. `seconds` says which part of it counts.
Expected<Counted> graded_unit(Lab& lab, const EvaluationRequest& request, int slot, double items,
                              Profile& profile, double (Graded::*seconds)() const);

// Runs a plain program and wants `expected` on its stdout, compared as the farm does by default,
// and exit status 0.
Expected<Done> plain_case(const PlainCommand& command, const std::string& expected);

}  // namespace farm::bench
