# SPDX-License-Identifier: GPL-3.0-or-later
# The style's two tools, once, in the build whose compile commands they read.
if(CMAKE_BINARY_DIR STREQUAL "${CMAKE_SOURCE_DIR}/build/dev")
  add_test(NAME style.format COMMAND ${CMAKE_SOURCE_DIR}/scripts/format --check)
  add_test(NAME style.tidy COMMAND ${CMAKE_SOURCE_DIR}/scripts/tidy)
  set_tests_properties(style.tidy PROPERTIES LABELS slow TIMEOUT 1800)
endif()
