// Canonical: a view of a Value in which equal values look alike: sets are sorted without
// duplicates, dicts sorted by key. Gives values an exact total order, so that sets, dicts and
// multisets compare in log-linear time without hashing (which a hostile value could make
// quadratic).
#pragma once

#include <compare>
#include <cstddef>
#include <vector>

#include "schemas/value.h"

namespace farm::judge {

// Points into the Value it was made of, which must outlive it and stay in place.
struct Canonical {
  explicit Canonical(const Value& of);

  const Value* value;
  std::size_t nodes = 1;            // values in it, duplicates in sets too: what it cost to make
  std::vector<Canonical> children;  // items; of a dict: key, value, key, value, …
  bool has_opaque = false;  // somewhere in it: then it equals nothing, whatever the order says
};

// Exact, without tolerance. Equivalent exactly where compare_values without a tolerance finds
// equality, Opaques aside (they are ordered by type name, so that sorting works).
std::weak_ordering order(const Canonical& a, const Canonical& b);

bool equal(const Canonical& a, const Canonical& b);

// Canonical views of all items, sorted.
std::vector<Canonical> sorted(const ValueList& items);

}  // namespace farm::judge
