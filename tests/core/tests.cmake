# SPDX-License-Identifier: GPL-3.0-or-later
# Purity and identity of the core.  Sanitizers add calls and writable data of their own, so these
# tests belong to the builds without them; reading machine code is written for x86-64.
if(SW_SANITIZE OR SW_FUZZ OR NOT CMAKE_SYSTEM_PROCESSOR STREQUAL "x86_64")
  return()
endif()

set(planted)
foreach(name clock counter start)
  add_library(planted_${name} OBJECT ${CMAKE_CURRENT_LIST_DIR}/planted_${name}.c)
  target_link_libraries(planted_${name} PRIVATE sw_flags)
  list(APPEND planted $<TARGET_OBJECTS:planted_${name}>)
endforeach()
set(programs)
foreach(name swarmnode swarmctl swarmsim)
  if(TARGET ${name})
    list(APPEND programs $<TARGET_FILE:${name}>)
  endif()
endforeach()
list(SUBLIST SW_CORE_DIGEST 1 -1 arguments) # without the script's own name

add_test(NAME core.identity COMMAND ${SW_PYTHON} ${CMAKE_CURRENT_LIST_DIR}/test_core.py)
set_tests_properties(core.identity PROPERTIES ENVIRONMENT
  "SW_SOURCE=${CMAKE_SOURCE_DIR};SW_CORE_O=${SW_CORE_O};SW_LD=${SW_LD};SW_OBJCOPY=${SW_OBJCOPY};SW_DIGEST=$<JOIN:${arguments},\n>;SW_PLANTED=$<JOIN:${planted},\n>;SW_PROGRAMS=$<JOIN:${programs},\n>")
add_test(NAME core.folder COMMAND ${SW_PYTHON} ${CMAKE_CURRENT_LIST_DIR}/test_folder.py
  ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR})
set_tests_properties(core.folder PROPERTIES LABELS slow TIMEOUT 900)
