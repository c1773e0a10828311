# SPDX-License-Identifier: GPL-3.0-or-later
# algorithms/route/TUTORIAL.md, followed: its files and its line in policies.def lie before ours on
# the include path, and the registry is compiled with them.
if(TARGET swarmsim)
  set(page ${CMAKE_SOURCE_DIR}/algorithms/route/TUTORIAL.md)
  set(out ${CMAKE_CURRENT_BINARY_DIR}/tutorial)
  set(route ${out}/algorithms/route)
  set(by_hand ${out}/tests/unit/algorithms/test_shortest_wait.c)
  add_custom_command(OUTPUT ${route}/shortest_wait.c ${route}/policies.def ${by_hand}
    COMMAND ${SW_PYTHON} ${CMAKE_CURRENT_LIST_DIR}/follow.py extract ${CMAKE_SOURCE_DIR} ${out}
    DEPENDS ${page} ${CMAKE_SOURCE_DIR}/algorithms/route/policies.def ${CMAKE_CURRENT_LIST_DIR}/follow.py)
  set(policy ${route}/shortest_wait.c ${route}/policies.def ${CMAKE_SOURCE_DIR}/algorithms/route/policy.c)

  add_executable(tutorial_swarmsim ${CMAKE_SOURCE_DIR}/sim/main.c ${policy})
  target_link_libraries(tutorial_swarmsim PRIVATE sw_flags sw_sim sw_conf sw_core_parts ${SW_SQLITE} ${SW_GSL}
    ${SW_YAML} ${SW_KNOT} ${SW_PCAP} m)
  if(NOT SW_SANITIZE) # nothing new to the sanitizers, and ten times as slow
    add_test(NAME tutorial.compare
      COMMAND ${SW_PYTHON} ${CMAKE_CURRENT_LIST_DIR}/follow.py commands ${CMAKE_SOURCE_DIR} $<TARGET_FILE:tutorial_swarmsim>)
  endif()

  set(suite_policy unit/algorithms/test_policy.c)
  set(suite_shortest_wait ${by_hand})
  foreach(suite policy shortest_wait)
    set(name tutorial_test_${suite})
    add_executable(${name} ${suite_${suite}} lib/main.c lib/fail_alloc.c ${policy})
    target_link_options(${name} PRIVATE -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=free)
    target_compile_definitions(${name} PRIVATE SW_SUITE=tests_${suite} SW_SUITE_NAME="tutorial.${suite}"
      SW_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
    target_link_libraries(${name} PRIVATE sw_flags sw_core_parts m ${SW_CUNIT})
    add_test(NAME tutorial.${suite} COMMAND ${name})
  endforeach()
  foreach(target tutorial_swarmsim tutorial_test_policy tutorial_test_shortest_wait)
    target_include_directories(${target} BEFORE PRIVATE ${out})
  endforeach()
endif()
