# SPDX-License-Identifier: GPL-3.0-or-later
# The node core: compiled once, joined into one sw_core.o, linked unchanged by every program.

set(gen ${CMAKE_BINARY_DIR}/gen)
# sw_proto(LIST path/without/suffix...): generate C from .proto files, append the sources to LIST.
function(sw_proto list)
  set(sources ${${list}})
  foreach(proto ${ARGN})
    add_custom_command(
      OUTPUT ${gen}/${proto}.pb-c.c ${gen}/${proto}.pb-c.h
      COMMAND ${CMAKE_COMMAND} -E make_directory ${gen}
      COMMAND ${SW_PROTOC} --proto_path=${CMAKE_SOURCE_DIR} --c_out=${gen} ${proto}.proto
      WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}
      DEPENDS ${CMAKE_SOURCE_DIR}/${proto}.proto)
    set_source_files_properties(${gen}/${proto}.pb-c.c PROPERTIES COMPILE_OPTIONS "-w")
    list(APPEND sources ${gen}/${proto}.pb-c.c)
  endforeach()
  set(${list} ${sources} PARENT_SCOPE)
endfunction()

file(GLOB_RECURSE core CONFIGURE_DEPENDS node/base/*.c node/core/*.c algorithms/route/*.c algorithms/place/*.c)
sw_proto(core node/core/proto/swarm node/core/proto/job)
add_library(sw_core_objects OBJECT ${core})
target_link_libraries(sw_core_objects PRIVATE sw_flags ${SW_SODIUM} ${SW_ZSTD} ${SW_NETTLE} ${SW_ISAL}
  ${SW_PROTOBUF} ${SW_ZSCANNER} ${SW_SQLITE} m)

# Strings and constants are left unmerged in the joined object, so that the linker copies the
# core's sections as they are and tests/core can find them in every program, byte by byte.
set(SW_CORE_O ${CMAKE_BINARY_DIR}/sw_core.o)
add_custom_command(OUTPUT ${SW_CORE_O}
  COMMAND ${SW_LD} -r -o ${SW_CORE_O} $<TARGET_OBJECTS:sw_core_objects>
  COMMAND ${SW_OBJCOPY} -w --set-section-flags .rodata.str*=alloc,readonly,data,contents
    --set-section-flags .rodata.cst*=alloc,readonly,data,contents ${SW_CORE_O}
  DEPENDS sw_core_objects $<TARGET_OBJECTS:sw_core_objects>
  COMMAND_EXPAND_LISTS VERBATIM)

# What the core is: digest, compiler, flags; for programs, never for the core itself.
string(TOUPPER "${CMAKE_BUILD_TYPE}" type)
set(SW_CORE_COMPILER "${CMAKE_C_COMPILER_ID} ${CMAKE_C_COMPILER_VERSION} ${CMAKE_SYSTEM_PROCESSOR}")
set(SW_CORE_FLAGS "${CMAKE_C_FLAGS} ${CMAKE_C_FLAGS_${type}} -std=c11 ${SW_FLAGS_TEXT}")
set(SW_CORE_DIGEST ${CMAKE_SOURCE_DIR}/scripts/core-digest
  --compiler ${SW_CORE_COMPILER} "--flags=${SW_CORE_FLAGS}")
set(stamp ${gen}/node/conf/stamp.h)
add_custom_command(OUTPUT ${stamp}
  COMMAND ${SW_PYTHON} ${SW_CORE_DIGEST} --version ${PROJECT_VERSION} --stamp ${stamp} ${SW_CORE_O}
  DEPENDS ${SW_CORE_O} ${CMAKE_SOURCE_DIR}/scripts/core-digest ${CMAKE_SOURCE_DIR}/scripts/elf.py
  VERBATIM)
add_custom_target(sw_core_object DEPENDS ${SW_CORE_O} ${stamp})

set(SW_CORE_LIBS ${SW_SODIUM} ${SW_ZSTD} ${SW_NETTLE} ${SW_ISAL} ${SW_PROTOBUF} ${SW_ZSCANNER} ${SW_SQLITE} m)
# What programs link: the joined object, whole.
add_library(sw_core INTERFACE)
add_dependencies(sw_core sw_core_object)
target_link_libraries(sw_core INTERFACE ${SW_CORE_O} ${SW_CORE_LIBS})
# The same objects as an archive, for unit tests of single parts.
add_library(sw_core_parts STATIC $<TARGET_OBJECTS:sw_core_objects>)
target_link_libraries(sw_core_parts PUBLIC ${SW_CORE_LIBS})
