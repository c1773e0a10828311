# SPDX-License-Identifier: GPL-3.0-or-later
# Whole programs, from the outside.
if(TARGET swarmsim)
  add_test(NAME e2e.swarmsim
    COMMAND ${SW_PYTHON} ${CMAKE_CURRENT_LIST_DIR}/swarmsim.py $<TARGET_FILE:swarmsim>)
  add_test(NAME e2e.compare
    COMMAND ${SW_PYTHON} ${CMAKE_CURRENT_LIST_DIR}/compare.py $<TARGET_FILE:swarmsim>)
  if(SW_LONG AND NOT SW_SANITIZE AND CMAKE_C_COMPILER_ID STREQUAL "GNU")
    # Drawn worlds, half a minute of them: the same seeds in the same order each time, as many as
    # there is time for.  scripts/hunt goes on where this stops.
    add_test(NAME e2e.hunt
      COMMAND swarmsim hunt --time 30s --seeds 1.. --out ${CMAKE_CURRENT_BINARY_DIR}/hunt)
  endif()
endif()
