// ScriptedLog: one partition's records with given offsets, as a broker gives them.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <utility>

#include "grader/kafka/intake.h"

namespace farm::kafka {

class ScriptedLog final : public RecordSource {
 public:
  ScriptedLog(std::string topic, std::int32_t number, std::deque<std::int64_t> offsets)
      : topic_(std::move(topic)), number_(number), offsets_(std::move(offsets)) {}

  std::optional<Record> take() override {
    if (offsets_.empty()) return std::nullopt;
    Record record;
    record.position = {topic_, number_, offsets_.front(), 0};
    offsets_.pop_front();
    return record;
  }
  std::int64_t waiting() const override { return static_cast<std::int64_t>(offsets_.size()); }

 private:
  const std::string topic_;
  const std::int32_t number_;
  std::deque<std::int64_t> offsets_;
};

// [begin, end)
inline std::deque<std::int64_t> offsets(std::int64_t begin, std::int64_t end) {
  std::deque<std::int64_t> all;
  for (std::int64_t offset = begin; offset < end; ++offset) all.push_back(offset);
  return all;
}

}  // namespace farm::kafka
