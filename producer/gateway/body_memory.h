// BodyMemory: what the bodies of requests take together, until they have their replies. Part of the
// server, of its one thread.
#pragma once

#include <cstdint>

#include "schemas/units.h"

namespace farm::gateway {

class BodyMemory {
 public:
  explicit BodyMemory(Bytes most) : most_(most) {}

  // A body larger than all room is let in alone.
  bool has_room(std::int64_t more) const { return held_ == 0 || held_ + more <= most_.count; }

  // What one body takes; nothing any more when this ends, which the memory must outlive.
  class Share {
   public:
    explicit Share(BodyMemory& memory) : memory_(memory) {}
    ~Share() { set(0); }
    Share(const Share&) = delete;
    Share& operator=(const Share&) = delete;

    void set(std::int64_t bytes) {
      memory_.held_ += bytes - bytes_;
      bytes_ = bytes;
    }
    std::int64_t bytes() const { return bytes_; }

   private:
    BodyMemory& memory_;
    std::int64_t bytes_ = 0;
  };

 private:
  const Bytes most_;
  std::int64_t held_ = 0;
};

}  // namespace farm::gateway
