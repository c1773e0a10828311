# SPDX-License-Identifier: GPL-3.0-or-later
# These count allocations.
foreach(name bench_answer bench_route)
  target_sources(${name} PRIVATE ${CMAKE_SOURCE_DIR}/tests/lib/fail_alloc.c)
  target_link_options(${name} PRIVATE -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=free)
endforeach()
# bench_answer measures libknot beside our own code.
sw_need(SW_KNOT libknot libknot-dev)
target_link_libraries(bench_answer PRIVATE ${SW_KNOT})
# This one reads the zones of scenarios/.
target_compile_definitions(bench_scale PRIVATE SW_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
# bench_hold measures ns-3 beside our queues where it is installed; nothing else is in C++.
find_library(SW_NS3_CORE ns3-core)
find_path(SW_NS3_INCLUDE ns3/simulator.h)
find_program(SW_CXX NAMES g++ c++)
if(SW_NS3_CORE AND SW_NS3_INCLUDE AND SW_CXX AND NOT SW_SANITIZE AND CMAKE_C_COMPILER_ID STREQUAL "GNU")
  enable_language(CXX)
  set(CMAKE_CXX_STANDARD 17)
  target_sources(bench_hold PRIVATE bench/ns3_hold.cc)
  target_include_directories(bench_hold SYSTEM PRIVATE ${SW_NS3_INCLUDE})
  target_compile_definitions(bench_hold PRIVATE SW_NS3)
  target_link_libraries(bench_hold PRIVATE ${SW_NS3_CORE})
endif()
# That it runs to its end: it stores and reads a layout that is not the schema's.
add_test(NAME bench.record COMMAND bench_record ${CMAKE_CURRENT_BINARY_DIR} 0.01)
