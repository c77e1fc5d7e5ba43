# Turns lua/*.lua and sql/*.sql into C: text, SHA-1 and key count of each script; the migrations
# in order. Called by the build with LUA_DIR, SQL_DIR and OUT_DIR.
file(MAKE_DIRECTORY ${OUT_DIR})

include(${CMAKE_CURRENT_LIST_DIR}/bytes.cmake)

file(GLOB scripts ${LUA_DIR}/*.lua)
list(SORT scripts)
set(enums "")
set(rows "")
set(texts "")
foreach(path IN LISTS scripts)
  get_filename_component(name ${path} NAME_WE)
  string(TOUPPER ${name} upper)
  file(READ ${path} text)
  if(text MATCHES "[^\t\n -~]")
    message(FATAL_ERROR "${path}: scripts are ASCII only")
  endif()
  if(NOT text MATCHES "^-- KEYS: *([^\n]*)\n-- ARGV: *[^\n]*\n")
    message(FATAL_ERROR "${path}: must open with -- KEYS:, -- ARGV: and -- RETURNS: lines")
  endif()
  string(REGEX MATCH "^-- KEYS: *([^\n]*)\n" ignored "${text}")
  string(REGEX MATCHALL "[a-z_:<>]+" keys "${CMAKE_MATCH_1}")
  list(LENGTH keys key_count)
  file(SHA1 ${path} sha)
  c_bytes(${path} bytes)
  string(APPEND enums "    PS_SCRIPT_${upper},\n")
  string(APPEND texts "static const unsigned char text_${name}[] = {${bytes}};\n")
  string(APPEND rows "    {\"${name}\", (const char *)text_${name}, sizeof(text_${name}) - 1, \"${sha}\", ${key_count}},\n")
endforeach()
file(WRITE ${OUT_DIR}/scripts.h.new
"/* Generated from shared/lua by shared/cmake/embed.cmake. */
#ifndef PS_EMBEDDED_SCRIPTS_H
#define PS_EMBEDDED_SCRIPTS_H
#include <stddef.h>

enum ps_script {
${enums}    PS_SCRIPT_COUNT
};

struct ps_script_text {
    const char *name;
    const char *text;
    size_t len;
    const char *sha1; /* 40 hex digits */
    size_t key_count;
};

extern const struct ps_script_text ps_scripts[PS_SCRIPT_COUNT];
#endif
")
file(WRITE ${OUT_DIR}/scripts.c
"#include \"embedded/scripts.h\"\n\n${texts}\nconst struct ps_script_text ps_scripts[PS_SCRIPT_COUNT] = {\n${rows}};\n")
configure_file(${OUT_DIR}/scripts.h.new ${OUT_DIR}/scripts.h COPYONLY)

file(GLOB migrations ${SQL_DIR}/*.sql)
list(SORT migrations)
set(rows "")
set(texts "")
set(count 0)
foreach(path IN LISTS migrations)
  get_filename_component(name ${path} NAME_WE)
  c_bytes(${path} bytes)
  string(APPEND texts "static const unsigned char text_${name}[] = {${bytes}};\n")
  string(APPEND rows "    {\"${name}\", (const char *)text_${name}},\n")
  math(EXPR count "${count} + 1")
endforeach()
file(WRITE ${OUT_DIR}/migrations.c
"#include \"shared/io/migrations.h\"\n\n${texts}\nconst struct ps_migration ps_migrations[] = {\n${rows}};\nconst size_t ps_migration_count = ${count};\n")
