# SPDX-License-Identifier: GPL-3.0-or-later
# bench_answer measures libknot beside our own code, and counts allocations.
sw_need(SW_KNOT libknot libknot-dev)
target_sources(bench_answer PRIVATE ${CMAKE_SOURCE_DIR}/tests/lib/fail_alloc.c)
target_link_options(bench_answer PRIVATE -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc)
target_link_libraries(bench_answer PRIVATE ${SW_KNOT})
