# SPDX-License-Identifier: GPL-3.0-or-later
# Whole programs, from the outside.
if(TARGET swarmsim)
  add_test(NAME e2e.swarmsim
    COMMAND ${SW_PYTHON} ${CMAKE_CURRENT_LIST_DIR}/swarmsim.py $<TARGET_FILE:swarmsim>)
  add_test(NAME e2e.compare
    COMMAND ${SW_PYTHON} ${CMAKE_CURRENT_LIST_DIR}/compare.py $<TARGET_FILE:swarmsim>)
  foreach(part Evaluate Sweep Tune)
    string(TOLOWER ${part} name)
    add_test(NAME e2e.${name}
      COMMAND ${SW_PYTHON} ${CMAKE_CURRENT_LIST_DIR}/search.py $<TARGET_FILE:swarmsim> ${part})
  endforeach()
  add_test(NAME e2e.export
    COMMAND ${SW_PYTHON} ${CMAKE_CURRENT_LIST_DIR}/export.py $<TARGET_FILE:swarmsim>)
  # A few short runs of all that scripts/reproduce does.
  if(NOT SW_SANITIZE)
    add_test(NAME e2e.reproduce
      COMMAND ${CMAKE_SOURCE_DIR}/scripts/reproduce routing --quick --out ${CMAKE_CURRENT_BINARY_DIR}/reproduce
        --runs ${CMAKE_CURRENT_BINARY_DIR}/reproduce/runs)
    set_tests_properties(e2e.reproduce PROPERTIES ENVIRONMENT SWARMSIM=$<TARGET_FILE:swarmsim>)
  endif()
  # Killed at so many random moments.
  set(kills 5)
  if(SW_LONG)
    set(kills 200)
  endif()
  add_test(NAME e2e.resume
    COMMAND ${SW_PYTHON} ${CMAKE_CURRENT_LIST_DIR}/resume.py $<TARGET_FILE:swarmsim> ${kills})
  if(NOT SW_SANITIZE AND CMAKE_C_COMPILER_ID STREQUAL "GNU")
    # Drawn worlds, a minute of them: the same seeds in the same order each time, as many as there
    # is time for.  scripts/hunt goes on where this stops.
    add_test(NAME e2e.hunt
      COMMAND swarmsim hunt --time 60s --out ${CMAKE_CURRENT_BINARY_DIR}/hunt)
    set_tests_properties(e2e.hunt PROPERTIES TIMEOUT 900) # a finding is shrunk after that minute
    # The largest scenario shipped, at its full size, which unit.sim.shipped shrinks: it meets its
    # expectations in 2 GiB of address space.  Half a minute of one processor.
    add_test(NAME e2e.ten_thousand
      COMMAND sh -c "rm -rf \"$2\" && ulimit -v 2097152 && exec \"$1\" run \"$3\" --seed 1 -j 1 --no-plots --out \"$2\""
        sh $<TARGET_FILE:swarmsim> ${CMAKE_CURRENT_BINARY_DIR}/ten-thousand ${CMAKE_SOURCE_DIR}/scenarios/ten-thousand.yaml)
    set_tests_properties(e2e.ten_thousand PROPERTIES TIMEOUT 1800)
  endif()
  if(SW_LONG AND NOT SW_SANITIZE)
    # scripts/setup long
    add_test(NAME e2e.slurm
      COMMAND ${SW_PYTHON} ${CMAKE_CURRENT_LIST_DIR}/slurm.py $<TARGET_FILE:swarmsim>)
    add_test(NAME e2e.irace
      COMMAND ${SW_PYTHON} ${CMAKE_CURRENT_LIST_DIR}/irace.py $<TARGET_FILE:swarmsim>)
    set_tests_properties(e2e.slurm e2e.irace PROPERTIES LABELS long TIMEOUT 1800 SKIP_RETURN_CODE 77)
    # The oracles' own worlds without a planted bug, over a thousand seeds.
    add_test(NAME e2e.oracles_quiet COMMAND sim_test_oracles)
    set_tests_properties(e2e.oracles_quiet PROPERTIES ENVIRONMENT SW_SEEDS=1000 LABELS long TIMEOUT 3600)
  endif()
endif()
