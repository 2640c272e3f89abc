#include "grader/judge/compare_values.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "grader/judge/canonical.h"
#include "grader/judge/display.h"
#include "grader/judge/number.h"

namespace farm::judge {
namespace {

// About a second of one core; honest answers need thousands.
constexpr std::size_t kSearchSteps = 20'000'000;

const ValueList* sequence_of(const Value& value) {
  if (const auto* list = std::get_if<Value::List>(&value.data)) return &list->items;
  if (const auto* tuple = std::get_if<Value::Tuple>(&value.data)) return &tuple->items;
  return nullptr;
}

using Views = std::vector<const Canonical*>;

Views pointers(const std::vector<Canonical>& items) {
  Views result;
  result.reserve(items.size());
  for (const Canonical& item : items) result.push_back(&item);
  return result;
}

// What two sorted sequences do not share, exactly.
struct Leftover {
  Views missing, unexpected;
};

Leftover subtract(const std::vector<Canonical>& expected, const std::vector<Canonical>& actual) {
  Leftover left;
  auto e = expected.begin();
  auto a = actual.begin();
  while (e != expected.end() || a != actual.end()) {
    const auto order_here = e == expected.end() ? std::weak_ordering::greater
                            : a == actual.end() ? std::weak_ordering::less
                                                : order(*e, *a);
    const bool matched = order_here == 0 && !e->has_opaque && !a->has_opaque;
    if (order_here <= 0) {
      if (!matched) left.missing.push_back(&*e);
      ++e;
    }
    if (order_here >= 0) {
      if (!matched) left.unexpected.push_back(&*a);
      ++a;
    }
  }
  return left;
}

class Comparer {
 public:
  explicit Comparer(const Comparison& how)
      : how_(how), tolerant_(how.float_rel > 0 || how.float_abs > 0) {}

  ComparisonResult run(const Value& expected, const Value& actual) {
    const ValueList* expected_items = sequence_of(expected);
    const ValueList* actual_items = sequence_of(actual);
    const bool equal = how_.unordered && expected_items && actual_items
                           ? same_multiset(sorted(*expected_items), sorted(*actual_items), "list")
                           : same(expected, actual);
    if (equal) return {true, {}};
    if (gave_up_) message_ += "; gave up matching within the tolerance: too many items";
    return {false, std::move(message_)};
  }

 private:
  bool same(const Value& expected, const Value& actual) {
    if (!spend(1)) return false;
    if (const auto expected_number = number_of(expected)) {
      const auto actual_number = number_of(actual);
      if (actual_number && same_number(*expected_number, *actual_number)) return true;
      return differ(expected, actual);
    }
    if (const ValueList* expected_items = sequence_of(expected)) {
      const ValueList* actual_items = sequence_of(actual);
      return actual_items ? same_sequence(expected, *expected_items, actual, *actual_items)
                          : differ(expected, actual);
    }
    if (expected.data.index() != actual.data.index()) return differ(expected, actual);
    if (std::holds_alternative<Value::Set>(expected.data)) return same_set(expected, actual);
    if (const auto* dict = std::get_if<Value::Dict>(&expected.data)) {
      return same_dict(*dict, *std::get_if<Value::Dict>(&actual.data));
    }
    return equal(Canonical(expected), Canonical(actual)) || differ(expected, actual);
  }

  bool same_number(const NumberView& expected, const NumberView& actual) const {
    if (order(expected, actual) == 0) return true;
    if (!tolerant_ ||
        (!std::holds_alternative<double>(expected) && !std::holds_alternative<double>(actual))) {
      return false;
    }
    const auto expected_real = to_finite_double(expected);
    const auto actual_real = to_finite_double(actual);
    return expected_real && actual_real && within_tolerance(*expected_real, *actual_real, how_);
  }

  bool same_sequence(const Value& expected, const ValueList& expected_items, const Value& actual,
                     const ValueList& actual_items) {
    if (expected_items.size() != actual_items.size()) {
      return report([&] {
        return "expected " + std::to_string(expected_items.size()) + " items, got " +
               std::to_string(actual_items.size()) + ": expected " + display(expected) + ", got " +
               display(actual);
      });
    }
    for (std::size_t i = 0; i < expected_items.size(); ++i) {
      path_.push_back({nullptr, i});
      if (!same(expected_items[i], actual_items[i])) return false;
      path_.pop_back();
    }
    return true;
  }

  bool same_set(const Value& expected, const Value& actual) {
    const Canonical expected_set(expected);
    const Canonical actual_set(actual);
    if (!spend(expected_set.nodes + actual_set.nodes)) return false;
    return same_multiset(expected_set.children, actual_set.children, "set");
  }

  bool same_dict(const Value::Dict& expected, const Value::Dict& actual) {
    const auto expected_items = by_key(expected);
    const auto actual_items = by_key(actual);
    if (!spend(key_nodes(expected_items) + key_nodes(actual_items))) return false;
    const std::size_t shared = std::min(expected_items.size(), actual_items.size());
    for (std::size_t i = 0; i < shared; ++i) {
      const auto& [expected_key, expected_value] = expected_items[i];
      const auto& [actual_key, actual_value] = actual_items[i];
      if (!equal(expected_key, actual_key)) {
        return order(expected_key, actual_key) <= 0 ? missing_key(expected_key)
                                                    : unexpected_key(actual_key);
      }
      path_.push_back({expected_key.value, 0});
      if (!same(*expected_value, *actual_value)) return false;
      path_.pop_back();
    }
    if (expected_items.size() > shared) return missing_key(expected_items[shared].first);
    if (actual_items.size() > shared) return unexpected_key(actual_items[shared].first);
    return true;
  }

  // A dict's items, sorted by key.
  using KeyedValues = std::vector<std::pair<Canonical, const Value*>>;

  static KeyedValues by_key(const Value::Dict& dict) {
    KeyedValues items;
    items.reserve(dict.items.size());
    for (const auto& [key, value] : dict.items) items.emplace_back(Canonical(key), &value);
    std::stable_sort(items.begin(), items.end(),
                     [](const auto& a, const auto& b) { return order(a.first, b.first) < 0; });
    return items;
  }

  static std::size_t key_nodes(const KeyedValues& items) {
    std::size_t nodes = 0;
    for (const auto& item : items) nodes += item.first.nodes;
    return nodes;
  }

  // Both sorted. Of a set, without duplicates.
  bool same_multiset(const std::vector<Canonical>& expected, const std::vector<Canonical>& actual,
                     const char* word) {
    const Leftover left = subtract(expected, actual);
    if (left.missing.empty() && left.unexpected.empty()) return true;
    if (tolerant_ && expected.size() == actual.size() && match_all(expected, actual, left))
      return true;
    return report([&] {
      std::string text = std::string(word) + " of " + std::to_string(expected.size()) +
                         " items expected, got " + std::to_string(actual.size());
      if (!left.missing.empty()) text += "; missing " + display(*left.missing.front()->value);
      if (!left.unexpected.empty())
        text += "; unexpected " + display(*left.unexpected.front()->value);
      return text;
    });
  }

  bool match_all(const std::vector<Canonical>& expected, const std::vector<Canonical>& actual,
                 const Leftover& left) {
    const std::size_t depth = path_.size();
    ++quiet_;
    const bool matched = same_in_order(expected, actual) || search(expected, actual, left);
    --quiet_;
    path_.resize(depth);
    return matched;
  }

  // For plain numbers this is complete: the intervals of what is equal to them have the same order
  // as they.
  bool same_in_order(const std::vector<Canonical>& expected, const std::vector<Canonical>& actual) {
    for (std::size_t i = 0; i < expected.size(); ++i) {
      if (!same(*expected[i].value, *actual[i].value)) return false;
    }
    return true;
  }

  // Pairs that are exactly equal are set aside first only where searching among all is too much:
  // rarely, one of them would be needed by another item.
  bool search(const std::vector<Canonical>& expected, const std::vector<Canonical>& actual,
              const Leftover& left) {
    constexpr std::size_t kSearchedWhole = 1024;  // a million pairs
    ++searching_;
    const bool matched = expected.size() <= kSearchedWhole
                             ? perfect_matching(pointers(expected), pointers(actual))
                             : perfect_matching(left.missing, left.unexpected);
    --searching_;
    return matched;
  }

  // Kuhn's algorithm, with every comparison made once.
  bool perfect_matching(const Views& expected, const Views& actual) {
    const std::size_t n = expected.size();
    if (n != actual.size()) return false;
    if (n > 0 && n > steps_ / n) return give_up();
    std::vector<std::vector<std::uint32_t>> candidates(n);
    for (std::size_t e = 0; e < n; ++e) {
      for (std::size_t a = 0; a < n; ++a) {
        if (same(*expected[e]->value, *actual[a]->value))
          candidates[e].push_back(static_cast<std::uint32_t>(a));
        if (gave_up_) return false;
      }
      if (candidates[e].empty()) return false;
    }
    constexpr std::uint32_t kFree = UINT32_MAX;
    std::vector<std::uint32_t> owner(n, kFree);
    std::vector<std::uint32_t> seen(n, kFree);
    for (std::uint32_t e = 0; e < n; ++e) {
      if (!augment(e, e, candidates, owner, seen)) return false;
    }
    return true;
  }

  // Finds a partner for `e`, moving others where needed. `seen` holds the round in which an item
  // was last tried.
  bool augment(std::uint32_t e, std::uint32_t round,
               const std::vector<std::vector<std::uint32_t>>& candidates,
               std::vector<std::uint32_t>& owner, std::vector<std::uint32_t>& seen) {
    for (const std::uint32_t a : candidates[e]) {
      if (seen[a] == round) continue;
      if (!spend(1)) return false;
      seen[a] = round;
      if (owner[a] == UINT32_MAX || augment(owner[a], round, candidates, owner, seen)) {
        owner[a] = e;
        return true;
      }
    }
    return false;
  }

  // Only searching costs steps: everything else is linear in the values.
  bool spend(std::size_t steps) {
    if (searching_ == 0) return true;
    if (steps > steps_) return give_up();
    steps_ -= steps;
    return true;
  }
  bool give_up() {
    gave_up_ = true;
    return false;
  }

  bool differ(const Value& expected, const Value& actual) {
    return report([&] {
      const auto* expected_text = std::get_if<std::string>(&expected.data);
      const auto* actual_text = std::get_if<std::string>(&actual.data);
      if (expected_text && actual_text) {
        const auto at =
            static_cast<std::size_t>(std::mismatch(expected_text->begin(), expected_text->end(),
                                                   actual_text->begin(), actual_text->end())
                                         .first -
                                     expected_text->begin());
        return "expected " + quote_around(*expected_text, at) + ", got " +
               quote_around(*actual_text, at);
      }
      const bool same_kind = expected.data.index() == actual.data.index();
      return "expected " + display(expected) + (same_kind ? "" : " (" + kind_name(expected) + ")") +
             ", got " + display(actual) + (same_kind ? "" : " (" + kind_name(actual) + ")");
    });
  }
  bool missing_key(const Canonical& key) {
    return report([&] { return "missing key " + display(*key.value); });
  }
  bool unexpected_key(const Canonical& key) {
    return report([&] { return "unexpected key " + display(*key.value); });
  }

  // Keeps the first difference, with its path; always false.
  template <typename Text>
  bool report(const Text& text) {
    if (quiet_ == 0 && message_.empty()) {
      message_ = path();
      if (!message_.empty()) message_ += ": ";
      message_ += text();
    }
    return false;
  }

  std::string path() const {
    constexpr std::size_t kShown = 5;  // steps at each end
    std::string text;
    for (std::size_t i = 0; i < path_.size(); ++i) {
      if (path_.size() > 2 * kShown && i == kShown) {
        text += "…";
        i = path_.size() - kShown;
      }
      text += '[';
      text += path_[i].key ? display(*path_[i].key, 24) : std::to_string(path_[i].index);
      text += ']';
    }
    return text;
  }

  struct Step {
    const Value* key;  // of a dict; nullptr: an index
    std::size_t index;
  };

  const Comparison& how_;
  bool tolerant_;
  std::vector<Step> path_;
  std::string message_;
  int quiet_ = 0;      // above 0: trying a match, where a difference is no news
  int searching_ = 0;  // above 0: trying many, which costs steps
  std::size_t steps_ = kSearchSteps;
  bool gave_up_ = false;
};

}  // namespace

ComparisonResult compare_values(const Value& expected, const Value& actual, const Comparison& how) {
  return Comparer(how).run(expected, actual);
}

}  // namespace farm::judge
