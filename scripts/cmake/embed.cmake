# SPDX-License-Identifier: GPL-3.0-or-later
# sw_embed(NAME FILE): gen/embedded/NAME.h gets the file's bytes as a NUL-terminated array NAME.
function(sw_embed name file)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${file})
  file(READ ${CMAKE_SOURCE_DIR}/${file} hex HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
  string(REGEX REPLACE "(0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,)" "\\1\n" bytes "${bytes}")
  file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/gen/embedded/${name}.h @ONLY
    CONTENT "/* ${file}, as bytes. */\nstatic const char ${name}[] = {\n@bytes@0x00\n};\n")
endfunction()
