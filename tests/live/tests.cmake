# SPDX-License-Identifier: GPL-3.0-or-later
# Real nodes on loopback, driven by the tests in Python here.
find_program(SW_DEBIAN_PYTHON python3 PATHS /usr/bin NO_DEFAULT_PATH)
if(NOT SW_DEBIAN_PYTHON)
  set(SW_DEBIAN_PYTHON ${SW_PYTHON})
endif()
foreach(name caching forwarding grpcio joining leaving tool trio walkthrough zones)
  add_test(NAME live.${name}
    COMMAND ${SW_DEBIAN_PYTHON} -B ${CMAKE_CURRENT_LIST_DIR}/${name}.py ${CMAKE_BINARY_DIR})
  set_tests_properties(live.${name} PROPERTIES TIMEOUT 400 LABELS live)
endforeach()
