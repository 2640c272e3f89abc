// ScopeExit: runs a function when the scope ends, for the few resources that have no class of their
// own.
#pragma once

#include <utility>

namespace farm::os {

template <typename F>
class [[nodiscard]] ScopeExit {
 public:
  explicit ScopeExit(F function) : function_(std::move(function)) {}
  ScopeExit(const ScopeExit&) = delete;
  ScopeExit& operator=(const ScopeExit&) = delete;
  ~ScopeExit() { function_(); }

 private:
  F function_;
};

}  // namespace farm::os
