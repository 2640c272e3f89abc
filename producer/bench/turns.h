// Two sides measured in turns: A B B A …, so that what else the host does falls on both alike.
// Whoever reads the numbers gets the median and how far the turns were apart, never a best one.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "schemas/expected.h"
#include "schemas/units.h"

namespace farm::bench {

// How long a turn is: until `count` units are done, or, without one, until `time` is over.
struct Budget {
  std::optional<std::int64_t> count;
  Milliseconds time{0};
};

// What one unit of work was worth, and how long it took.
struct Counted {
  double items = 0;
  double seconds = 0;
};

// Does the unit `number` (from 0, each once a turn) as worker `worker`. Errors end the turn.
using Unit = std::function<Expected<Counted>(int worker, std::int64_t number)>;

// Does units on `workers` threads of its own, each of which begins with `enter_thread`. At least
// one unit is done. Items a second of all workers together: the sum of what each did over the time
// that its units took, so that what this program does between them does not count. Blocks for the
// turn. Errors: the first of a unit; kUnavailable once `give_up()`, asked before each unit, is
// true.
struct Crew {
  int workers = 1;
  std::function<Expected<Done>(int worker)> enter_thread;
  std::function<bool()> give_up;
};
Expected<double> items_per_second(const Crew& crew, const Budget& budget, const Unit& unit);

// One number a turn.
struct Turns {
  std::vector<double> farm;
  std::vector<double> baseline;
};
using Turn = std::function<Expected<double>()>;

// `rounds` turns of each side; who begins alternates. `on_round` is told after each.
Expected<Turns> take_turns(
    int rounds, const Turn& farm, const Turn& baseline,
    const std::function<void(int round, double farm, double baseline)>& on_round);

struct Spread {
  double median = 0;
  double low = 0;
  double high = 0;
};
// Of at least one value. The median of an even number is the mean of the middle two.
Spread spread_of(std::vector<double> values);
// farm / baseline, turn by turn.
std::vector<double> ratios_of(const Turns& turns);
double seconds_between(SteadyTime begun, SteadyTime ended);

}  // namespace farm::bench
