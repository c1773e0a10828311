# SPDX-License-Identifier: GPL-3.0-or-later
# The simulator against queueing theory.  A release build takes enough customers for the stated
# tolerances; a sanitised one only sees that the same path works.  SW_LONG adds the whole suite.
option(SW_LONG "Register tests that take minutes" OFF)
if(TARGET swarmsim)
  if(SW_SANITIZE)
    add_test(NAME analytic.mm1 COMMAND swarmsim selftest --system "M/M/1 rho=.8" --customers 1000000 --tolerance 10)
    add_test(NAME analytic.mmc COMMAND swarmsim selftest --system "M/M/4 rho=.8" --customers 1000000 --tolerance 10)
  else()
    add_test(NAME analytic.mm1 COMMAND swarmsim selftest --system "M/M/1 rho=.8")
    if(SW_LONG)
      add_test(NAME analytic.all COMMAND swarmsim selftest)
      set_tests_properties(analytic.all PROPERTIES LABELS long TIMEOUT 1800)
    endif()
  endif()
  # A tolerance that 100,000 customers can't meet: the verdict can fail.
  add_test(NAME analytic.fails COMMAND swarmsim selftest --system "M/M/1 rho=.8" --customers 100000)
  set_tests_properties(analytic.fails PROPERTIES WILL_FAIL ON)
endif()
