# SPDX-License-Identifier: GPL-3.0-or-later
# Compiler flags: warnings are errors, every build is hardened, floating point is repeatable.
include(CheckCCompilerFlag)
add_library(sw_flags INTERFACE)
target_compile_options(sw_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion
  $<$<COMPILE_LANGUAGE:C>:-Wstrict-prototypes> $<$<COMPILE_LANGUAGE:C>:-Wmissing-prototypes>
  -Wundef -Wvla -Werror)

# There is no shared library: code for executables may inline what others see too.
set(SW_COMMON_FLAGS -fPIE -ffp-contract=off -fno-math-errno -ffile-prefix-map=${CMAKE_SOURCE_DIR}/=
    -ffile-prefix-map=${CMAKE_BINARY_DIR}/=)
set(hardening -fstack-protector-strong -fstack-clash-protection -fcf-protection=full
    -ftrivial-auto-var-init=zero)
if(SW_SANITIZE)
  list(APPEND SW_COMMON_FLAGS -fsanitize=${SW_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${SW_SANITIZE})
  add_compile_definitions(SW_SLOW_CHECKS)
else()
  list(APPEND hardening -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
endif()
if(SW_FUZZ)
  list(APPEND SW_COMMON_FLAGS -fsanitize=fuzzer-no-link)
endif()
foreach(flag ${hardening})
  string(MAKE_C_IDENTIFIER "have${flag}" have)
  check_c_compiler_flag(${flag} ${have})
  if(${have})
    list(APPEND SW_COMMON_FLAGS ${flag})
  endif()
endforeach()
add_compile_options(${SW_COMMON_FLAGS})
# A study says by its build-id which program made its runs: clang's default has none.
add_link_options(-pie -Wl,--build-id=sha1,-z,relro,-z,now,-z,noexecstack,--as-needed)
string(REPLACE ";" " " SW_FLAGS_TEXT "${SW_COMMON_FLAGS}")
string(REPLACE "-ffile-prefix-map=${CMAKE_SOURCE_DIR}/=" "" SW_FLAGS_TEXT "${SW_FLAGS_TEXT}")
string(REPLACE "-ffile-prefix-map=${CMAKE_BINARY_DIR}/=" "" SW_FLAGS_TEXT "${SW_FLAGS_TEXT}")
