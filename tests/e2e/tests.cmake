# SPDX-License-Identifier: GPL-3.0-or-later
# Whole programs, from the outside.
if(TARGET swarmsim)
  add_test(NAME e2e.swarmsim
    COMMAND ${SW_PYTHON} ${CMAKE_CURRENT_LIST_DIR}/swarmsim.py $<TARGET_FILE:swarmsim>)
  add_test(NAME e2e.compare
    COMMAND ${SW_PYTHON} ${CMAKE_CURRENT_LIST_DIR}/compare.py $<TARGET_FILE:swarmsim>)
endif()
