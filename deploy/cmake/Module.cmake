# farm_module(NAME LAYER n SOURCES a.cc … [USES module…] [LIBS third-party…])
#
# A static library of one folder. It may use only modules of a strictly lower layer: a wrong edge fails here, at
# configure time. Third parties named in LIBS are linked PRIVATE, so that their headers do not leak to users.
function(farm_module name)
  cmake_parse_arguments(ARG "" "LAYER" "SOURCES;USES;LIBS" ${ARGN})
  add_library(farm_${name} STATIC ${ARG_SOURCES})
  add_library(farm::${name} ALIAS farm_${name})
  set_target_properties(farm_${name} PROPERTIES FARM_LAYER ${ARG_LAYER})
  set_property(GLOBAL APPEND PROPERTY FARM_MODULES ${name})
  farm_use(farm_${name} ${ARG_LAYER} ${ARG_USES})
  target_link_libraries(farm_${name} PRIVATE farm_options ${ARG_LIBS})
endfunction()

# Links the modules USES… to TARGET of layer LAYER after checking the direction of every edge.
function(farm_use target layer)
  foreach(used ${ARGN})
    if(NOT TARGET farm_${used})
      message(FATAL_ERROR "layering: ${target} uses ${used}, which does not exist (yet): declare lower layers first")
    endif()
    get_target_property(used_layer farm_${used} FARM_LAYER)
    if(NOT used_layer LESS layer)
      message(FATAL_ERROR "layering: ${target} (layer ${layer}) may not use ${used} (layer ${used_layer})")
    endif()
    target_link_libraries(${target} PUBLIC farm_${used})
  endforeach()
endfunction()

# farm_program(NAME LAYER n SOURCES … USES … [LIBS …]): an executable in build/bin.
function(farm_program name)
  cmake_parse_arguments(ARG "" "LAYER" "SOURCES;USES;LIBS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
  farm_use(${name} ${ARG_LAYER} ${ARG_USES})
  target_link_libraries(${name} PRIVATE farm_options ${ARG_LIBS})
  install(TARGETS ${name} RUNTIME DESTINATION bin)
endfunction()

# Every TEST of the program becomes a ctest entry. A part of farm_test(), whose variables it uses.
macro(farm_discover_tests)
  gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST TEST_PREFIX "${name}."
    PROPERTIES TIMEOUT ${ARG_TIMEOUT} SKIP_REGULAR_EXPRESSION "\\[  SKIPPED \\]" ${ARG_PROPERTIES})
  # Labels are set after the discovery, whose own properties cannot be lists: a second label would be read as the name of
  # the next property.
  set(labels_file ${CMAKE_CURRENT_BINARY_DIR}/${name}_labels.cmake)
  file(WRITE ${labels_file}
    "if(${name}_TESTS)\n  set_tests_properties(\${${name}_TESTS} PROPERTIES LABELS \"${ARG_LABELS}\")\nendif()\n")
  set_property(DIRECTORY APPEND PROPERTY TEST_INCLUDE_FILES ${labels_file})
endmacro()

# farm_test(NAME LABELS unit… SOURCES … USES … [LIBS …]): a GoogleTest program; every TEST becomes a ctest entry.
# Labels name the infrastructure a test needs: unit sandbox cgroup_v2 kafka kafka_real corpus e2e; `concurrency` marks what
# also runs under ThreadSanitizer. PROPERTIES are further properties of the ctest entries, one value each. WHOLE: the program
# is one ctest entry, for tests that share what takes long to make.
# The target tests-<label> builds all programs of a label.
function(farm_test name)
  cmake_parse_arguments(ARG "WHOLE" "TIMEOUT" "LABELS;SOURCES;USES;LIBS;PROPERTIES" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 300)
  endif()
  add_executable(${name} ${ARG_SOURCES})
  farm_use(${name} 9 ${ARG_USES})
  target_link_libraries(${name} PRIVATE farm_options farm_test_paths GTest::gtest GTest::gmock
    GTest::gtest_main ${ARG_LIBS})
  if(NOT FARM_HARDEN)
    target_compile_options(${name} PRIVATE -O0) # the test's own code: half the time to compile, and it runs briefly
  endif()
  if(ARG_WHOLE AND NOT FARM_SANITIZE)
    add_test(NAME ${name} COMMAND ${name})
    set_tests_properties(${name} PROPERTIES TIMEOUT ${ARG_TIMEOUT} LABELS "${ARG_LABELS}"
      SKIP_REGULAR_EXPRESSION "\\[  SKIPPED \\]" ${ARG_PROPERTIES})
  elseif(FARM_SANITIZE)
    # One process for the whole program: the sanitizers' start would be most of what 1,400 processes do.
    add_test(NAME ${name} COMMAND ${name})
    set_tests_properties(${name} PROPERTIES TIMEOUT 900 LABELS "${ARG_LABELS}" ${ARG_PROPERTIES})
  else()
    farm_discover_tests()
  endif()
  foreach(label ${ARG_LABELS})
    if(NOT TARGET tests-${label})
      add_custom_target(tests-${label})
    endif()
    add_dependencies(tests-${label} ${name})
  endforeach()
endfunction()

# farm_embed(TARGET SYMBOL file…): the files' bytes as `std::string_view` constants in a generated header
# `embedded/<SYMBOL>.h` (namespace farm::embedded), so that a program needs no data directory at run time.
function(farm_embed target symbol)
  set(out ${PROJECT_BINARY_DIR}/embedded/${symbol}.h)
  add_custom_command(OUTPUT ${out}
    COMMAND ${CMAKE_COMMAND} -DOUT=${out} "-DFILES=${ARGN}" -P ${PROJECT_SOURCE_DIR}/deploy/cmake/Embed.cmake
    DEPENDS ${ARGN} ${PROJECT_SOURCE_DIR}/deploy/cmake/Embed.cmake VERBATIM)
  target_sources(${target} PRIVATE ${out})
  target_include_directories(${target} PRIVATE ${PROJECT_BINARY_DIR})
endfunction()
