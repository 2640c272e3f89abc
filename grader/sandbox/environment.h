// The environment of every sandboxed program: fixed, so that the same submission behaves alike on
// every host, and scrubbed, so that nothing of the grader's own leaks in.
#pragma once

#include <array>
#include <string_view>
#include <utility>

namespace farm::sandbox {

inline constexpr std::array<std::pair<std::string_view, std::string_view>, 12> kFixedEnvironment = {
    {
        {"PATH", "/usr/local/bin:/usr/bin:/bin"},
        {"HOME", "/work"},
        {"TMPDIR", "/tmp"},
        {"USER", "sandbox"},
        {"LANG", "C.UTF-8"},
        {"TZ", "UTC"},
        {"PYTHONHASHSEED", "0"},           // sets and dicts iterate alike in every run
        {"PYTHONDONTWRITEBYTECODE", "1"},  // the tmpfs is small and thrown away
        {"OMP_NUM_THREADS", "1"},          // a thread per host CPU would hit the process limit
        {"OPENBLAS_NUM_THREADS", "1"},
        {"MKL_NUM_THREADS", "1"},
        {"NUMEXPR_NUM_THREADS", "1"},
    }};

}  // namespace farm::sandbox
