# Turns the statements of a folder into C functions: SQL_DIR/NAME.sql becomes ps_sql_NAME, which adds the statement with
# typed parameters to a batch, and one constant PS_SQL_NAME_COLUMN for each column of its rows. Called by the build with
# SQL_DIR, OUT_DIR and SET (the name of the files that it writes: SET_sql.h and SET_sql.c).
#
# A file holds one statement and opens with two lines:
#   -- PARAMS: $1 cycle bigint, $2 position integer     (or: none)
#   -- COLUMNS: position integer, outcome text          (or: none)
# What follows is a comment that says why. Comments are not sent to the server.
file(MAKE_DIRECTORY ${OUT_DIR})
include(${CMAKE_CURRENT_LIST_DIR}/bytes.cmake)

set(guard "PS_EMBEDDED_${SET}_SQL_H")
string(TOUPPER ${guard} guard)
set(declarations "")
set(columns "")
set(texts "")
set(names "")
set(functions "")

file(GLOB statements ${SQL_DIR}/*.sql)
list(SORT statements)
foreach(path IN LISTS statements)
  get_filename_component(name ${path} NAME_WE)
  string(TOUPPER ${name} upper)
  file(READ ${path} text)
  if(NOT text MATCHES "^-- PARAMS: *([^\n]*)\n-- COLUMNS: *([^\n]*)\n")
    message(FATAL_ERROR "${path}: must open with -- PARAMS: and -- COLUMNS: lines")
  endif()
  set(params_line "${CMAKE_MATCH_1}")
  set(columns_line "${CMAKE_MATCH_2}")

  set(signature "struct ps_pg_batch *batch")
  set(locals "")
  set(values "")
  set(count 0)
  if(NOT params_line STREQUAL "none")
    string(REPLACE "," ";" params "${params_line}")
    foreach(param IN LISTS params)
      math(EXPR count "${count} + 1")
      if(NOT param MATCHES "^ *[$]([0-9]+) ([a-z_]+) ([a-z]+) *$" OR NOT CMAKE_MATCH_1 EQUAL count)
        message(FATAL_ERROR "${path}: parameter ${count} must read \"$${count} name type\", not \"${param}\"")
      endif()
      set(param_name ${CMAKE_MATCH_2})
      set(type ${CMAKE_MATCH_3})
      if(type MATCHES "^(bigint|integer)$")
        string(APPEND signature ", int64_t ${param_name}")
        string(APPEND locals "    char ${param_name}_text[PS_PG_INT_TEXT];\n")
        string(APPEND values " ps_pg_int_text(${param_name}_text, ${param_name}),")
      elseif(type STREQUAL "boolean")
        string(APPEND signature ", bool ${param_name}")
        string(APPEND values " ${param_name} ? \"true\" : \"false\",")
      elseif(type MATCHES "^(text|jsonb)$")
        string(APPEND signature ", const char *${param_name}")
        string(APPEND values " ${param_name},")
      else()
        message(FATAL_ERROR "${path}: the type of $${count} must be bigint, integer, boolean, text or jsonb, not ${type}")
      endif()
    endforeach()
  endif()

  if(NOT columns_line STREQUAL "none")
    string(REPLACE "," ";" column_list "${columns_line}")
    string(APPEND columns "enum {")
    set(column_count 0)
    foreach(column IN LISTS column_list)
      if(NOT column MATCHES "^ *([a-z_0-9]+) ([a-z]+) *$")
        message(FATAL_ERROR "${path}: a column must read \"name type\", not \"${column}\"")
      endif()
      string(TOUPPER ${CMAKE_MATCH_1} column_name)
      string(APPEND columns " PS_SQL_${upper}_${column_name} = ${column_count},")
      math(EXPR column_count "${column_count} + 1")
    endforeach()
    string(APPEND columns " };\n")
  endif()

  string(REGEX REPLACE "(^|\n)--[^\n]*" "" statement "${text}")
  string(STRIP "${statement}" statement)
  string(REGEX REPLACE ";$" "" statement "${statement}")
  if(statement MATCHES ";")
    message(FATAL_ERROR "${path}: holds more than one statement")
  endif()
  file(WRITE ${OUT_DIR}/${SET}_sql.text "${statement}")
  c_bytes(${OUT_DIR}/${SET}_sql.text bytes)
  string(APPEND texts "static const unsigned char text_${name}[] = {${bytes}};\n"
    "const char *const ps_sql_text_${name} = (const char *)text_${name};\n")
  string(APPEND declarations "void ps_sql_${name}(${signature});\n")
  string(APPEND names "extern const char *const ps_sql_text_${name};\n")
  string(APPEND functions "void ps_sql_${name}(${signature})\n{\n${locals}")
  if(count EQUAL 0)
    string(APPEND functions "    ps_pg_batch_add(batch, (const char *)text_${name}, NULL, 0);\n}\n\n")
  else()
    string(APPEND functions
      "    ps_pg_batch_add(batch, (const char *)text_${name}, (const char *const[]){${values} }, ${count});\n}\n\n")
  endif()
  string(APPEND table
    "    { \"${name}\", (const char *)text_${name}, \"${params_line}\", \"${columns_line}\" },\n")
endforeach()

file(WRITE ${OUT_DIR}/${SET}_sql.h.new
"/* Generated from ${SET}/sql by shared/cmake/embed_sql.cmake. Each function adds its statement to batch. Texts are copied;
 * NULL is SQL's NULL. */
#ifndef ${guard}
#define ${guard}
#include \"shared/io/pg.h\"

${declarations}
/* The statements themselves, for code that needs no batch. */
${names}
/* Columns of the rows. */
${columns}
/* All statements, for a test that has PostgreSQL describe them. */
extern const struct ps_sql_statement ps_${SET}_sql[];
extern const size_t ps_${SET}_sql_count;

#endif
")
file(WRITE ${OUT_DIR}/${SET}_sql.c
"#include \"embedded/${SET}_sql.h\"\n\n${texts}\n${functions}const struct ps_sql_statement ps_${SET}_sql[] = {\n${table}};\nconst size_t ps_${SET}_sql_count = sizeof(ps_${SET}_sql) / sizeof(ps_${SET}_sql[0]);\n")
file(REMOVE ${OUT_DIR}/${SET}_sql.text)
configure_file(${OUT_DIR}/${SET}_sql.h.new ${OUT_DIR}/${SET}_sql.h COPYONLY)
