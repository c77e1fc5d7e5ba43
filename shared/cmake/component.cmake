# paperscout_library(NAME DIR LIBS...): a static library of every .c file in DIR.
# Adding a module is adding its two files; nothing else to edit.
function(paperscout_library name dir)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${dir}/*.c)
  if(NOT sources)
    add_library(${name} INTERFACE)
    target_link_libraries(${name} INTERFACE paperscout_flags ${ARGN})
    return()
  endif()
  add_library(${name} STATIC ${sources})
  target_link_libraries(${name} PUBLIC paperscout_flags ${ARGN})
endfunction()

# paperscout_sql(NAME TARGET DIR): the statements in DIR become functions of TARGET, declared in embedded/NAME_sql.h
# (embed_sql.cmake).
function(paperscout_sql name target dir)
  set(out ${PROJECT_BINARY_DIR}/generated/embedded)
  set(script ${PROJECT_SOURCE_DIR}/shared/cmake/embed_sql.cmake)
  file(GLOB statements CONFIGURE_DEPENDS ${dir}/*.sql)
  add_custom_command(
    OUTPUT ${out}/${name}_sql.h ${out}/${name}_sql.c
    COMMAND ${CMAKE_COMMAND} -DSQL_DIR=${dir} -DOUT_DIR=${out} -DSET=${name} -P ${script}
    DEPENDS ${statements} ${script} ${PROJECT_SOURCE_DIR}/shared/cmake/bytes.cmake
    VERBATIM)
  target_sources(${target} PRIVATE ${out}/${name}_sql.h ${out}/${name}_sql.c)
endfunction()

# paperscout_component(NAME): <name>_core (pure), <name>_io (sockets, clocks, wiring and the
# commands for people in cli/), and the program paperscout-<name>.
function(paperscout_component name)
  paperscout_library(${name}_core core shared_core ${ARGN})
  paperscout_library(${name}_io io ${name}_core shared_io)
  paperscout_library(${name}_cli cli ${name}_io)
  add_executable(paperscout-${name} main.c)
  target_link_libraries(paperscout-${name} PRIVATE ${name}_cli)
  # bin/ of the build is like that of an installation: paperscout finds the programs beside itself.
  add_custom_command(TARGET paperscout-${name} POST_BUILD
    COMMAND ${CMAKE_COMMAND} -E make_directory ${PROJECT_BINARY_DIR}/bin
    COMMAND ${CMAKE_COMMAND} -E create_symlink $<TARGET_FILE:paperscout-${name}>
            ${PROJECT_BINARY_DIR}/bin/paperscout-${name}
    VERBATIM)
  install(TARGETS paperscout-${name} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endfunction()
