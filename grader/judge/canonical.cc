#include "grader/judge/canonical.h"

#include <algorithm>
#include <string>
#include <utility>

#include "grader/judge/number.h"

namespace farm::judge {
namespace {

enum class Rank { kNone, kBool, kNumber, kStr, kBytes, kSequence, kSet, kDict, kOpaque };

Rank rank(const Value& value) {
  struct Visitor {
    Rank operator()(const Value::None&) const { return Rank::kNone; }
    Rank operator()(bool) const { return Rank::kBool; }
    Rank operator()(std::int64_t) const { return Rank::kNumber; }
    Rank operator()(const BigInt&) const { return Rank::kNumber; }
    Rank operator()(double) const { return Rank::kNumber; }
    Rank operator()(const std::string&) const { return Rank::kStr; }
    Rank operator()(const Value::Bytes&) const { return Rank::kBytes; }
    Rank operator()(const Value::List&) const { return Rank::kSequence; }
    Rank operator()(const Value::Tuple&) const { return Rank::kSequence; }
    Rank operator()(const Value::Set&) const { return Rank::kSet; }
    Rank operator()(const Value::Dict&) const { return Rank::kDict; }
    Rank operator()(const Value::Opaque&) const { return Rank::kOpaque; }
  };
  return std::visit(Visitor{}, value.data);
}

std::weak_ordering order_leaves(const Value& a, const Value& b, Rank both) {
  switch (both) {
    case Rank::kBool:
      return *std::get_if<bool>(&a.data) <=> *std::get_if<bool>(&b.data);
    case Rank::kNumber:
      return order(*number_of(a), *number_of(b));
    case Rank::kStr:
      return *std::get_if<std::string>(&a.data) <=> *std::get_if<std::string>(&b.data);
    case Rank::kBytes:
      return std::get_if<Value::Bytes>(&a.data)->data <=> std::get_if<Value::Bytes>(&b.data)->data;
    case Rank::kOpaque:
      return std::get_if<Value::Opaque>(&a.data)->type_name <=>
             std::get_if<Value::Opaque>(&b.data)->type_name;
    case Rank::kNone:
    case Rank::kSequence:
    case Rank::kSet:
    case Rank::kDict:
      break;
  }
  return std::weak_ordering::equivalent;
}

std::vector<Canonical> views(const ValueList& items) {
  std::vector<Canonical> result;
  result.reserve(items.size());
  for (const Value& item : items) result.emplace_back(item);
  return result;
}

bool less(const Canonical& a, const Canonical& b) { return order(a, b) < 0; }

void drop_duplicates(std::vector<Canonical>& sorted_items) {
  const auto same = [](const Canonical& a, const Canonical& b) { return order(a, b) == 0; };
  sorted_items.erase(std::unique(sorted_items.begin(), sorted_items.end(), same),
                     sorted_items.end());
}

std::vector<Canonical> sorted_pairs(const ValuePairs& items) {
  std::vector<std::pair<Canonical, Canonical>> pairs;
  pairs.reserve(items.size());
  for (const auto& [key, value] : items) pairs.emplace_back(Canonical(key), Canonical(value));
  std::stable_sort(pairs.begin(), pairs.end(),
                   [](const auto& a, const auto& b) { return less(a.first, b.first); });
  std::vector<Canonical> result;
  result.reserve(2 * pairs.size());
  for (auto& [key, value] : pairs) {
    result.push_back(std::move(key));
    result.push_back(std::move(value));
  }
  return result;
}

}  // namespace

Canonical::Canonical(const Value& of) : value(&of) {
  const auto* set = std::get_if<Value::Set>(&of.data);
  if (const auto* list = std::get_if<Value::List>(&of.data)) children = views(list->items);
  if (const auto* tuple = std::get_if<Value::Tuple>(&of.data)) children = views(tuple->items);
  if (const auto* dict = std::get_if<Value::Dict>(&of.data)) children = sorted_pairs(dict->items);
  if (set) children = sorted(set->items);
  has_opaque = std::holds_alternative<Value::Opaque>(of.data);
  for (const Canonical& child : children) {
    nodes += child.nodes;
    has_opaque = has_opaque || child.has_opaque;
  }
  if (set) drop_duplicates(children);
}

std::weak_ordering order(const Canonical& a, const Canonical& b) {
  const Rank a_rank = rank(*a.value);
  if (const auto by_rank = a_rank <=> rank(*b.value); by_rank != 0) return by_rank;
  if (const auto by_leaf = order_leaves(*a.value, *b.value, a_rank); by_leaf != 0) return by_leaf;
  if (const auto by_size = a.children.size() <=> b.children.size(); by_size != 0) return by_size;
  for (std::size_t i = 0; i < a.children.size(); ++i) {
    if (const auto by_child = order(a.children[i], b.children[i]); by_child != 0) return by_child;
  }
  return std::weak_ordering::equivalent;
}

bool equal(const Canonical& a, const Canonical& b) {
  return !a.has_opaque && !b.has_opaque && order(a, b) == 0;
}

std::vector<Canonical> sorted(const ValueList& items) {
  std::vector<Canonical> result = views(items);
  std::sort(result.begin(), result.end(), less);
  return result;
}

}  // namespace farm::judge
