# SPDX-License-Identifier: GPL-3.0-or-later
# Differential tests: our wire code against libknot's.
add_executable(diff_libknot ${CMAKE_CURRENT_LIST_DIR}/test_libknot.c ${CMAKE_SOURCE_DIR}/tests/lib/main.c)
target_compile_definitions(diff_libknot PRIVATE SW_SUITE=tests_libknot SW_SUITE_NAME="diff.libknot"
  SW_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
target_link_libraries(diff_libknot PRIVATE sw_flags sw_core_parts ${SW_KNOT} ${SW_CUNIT})
add_test(NAME diff.libknot COMMAND diff_libknot)

# And against a running Knot, where there is one.
find_program(SW_KNOTD knotd PATHS /usr/sbin)
if(SW_KNOTD)
  add_executable(diff_knotd ${CMAKE_CURRENT_LIST_DIR}/test_knotd.c ${CMAKE_SOURCE_DIR}/tests/lib/main.c)
  target_compile_definitions(diff_knotd PRIVATE SW_SUITE=tests_knotd SW_SUITE_NAME="diff.knotd"
    SW_SOURCE_DIR="${CMAKE_SOURCE_DIR}" SW_KNOTD="${SW_KNOTD}")
  target_link_libraries(diff_knotd PRIVATE sw_flags sw_core_parts ${SW_CUNIT})
  add_test(NAME diff.knotd COMMAND diff_knotd)
else()
  message(STATUS "knotd is missing: diff.knotd is left out (apt-get install knot)")
endif()

# The zone of the scenarios is what its generator writes.
add_test(NAME diff.make_zone COMMAND sh -c "\"$0/scripts/make-zone\" | cmp - \"$0/scenarios/zones/example.org.zone\""
  ${CMAKE_SOURCE_DIR})
