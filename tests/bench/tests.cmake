# SPDX-License-Identifier: GPL-3.0-or-later
# These count allocations.
foreach(name bench_answer bench_route)
  target_sources(${name} PRIVATE ${CMAKE_SOURCE_DIR}/tests/lib/fail_alloc.c)
  target_link_options(${name} PRIVATE -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc)
endforeach()
# bench_answer measures libknot beside our own code.
sw_need(SW_KNOT libknot libknot-dev)
target_link_libraries(bench_answer PRIVATE ${SW_KNOT})
