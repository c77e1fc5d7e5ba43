# Warnings, hardening and sanitizers, carried by one interface target: paperscout_flags.
include(CheckPIESupported)
check_pie_supported(LANGUAGES C)

add_library(paperscout_flags INTERFACE)
target_compile_definitions(paperscout_flags INTERFACE _POSIX_C_SOURCE=200809L)
target_include_directories(paperscout_flags INTERFACE ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR}/generated)
target_compile_options(paperscout_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wstrict-prototypes
  -Wmissing-prototypes -Wold-style-definition -Wformat=2 -Wundef -Wcast-qual -Wcast-align
  -Wpointer-arith -Wwrite-strings -Wvla -Wimplicit-fallthrough -Wdouble-promotion
  $<$<C_COMPILER_ID:GNU>:-Wlogical-op;-Wduplicated-cond;-Wduplicated-branches>
  $<$<BOOL:${PAPERSCOUT_WERROR}>:-Werror>)

if(CMAKE_BUILD_TYPE MATCHES "Rel" AND NOT PAPERSCOUT_SANITIZE)
  target_compile_options(paperscout_flags INTERFACE
    -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -fstack-protector-strong -fstack-clash-protection)
  target_link_options(paperscout_flags INTERFACE -Wl,-z,relro,-z,now)
endif()
# assert() states invariants and stays on in every build: a broken one must stop the pod, not lie.
string(REPLACE "-DNDEBUG" "" CMAKE_C_FLAGS_RELEASE "${CMAKE_C_FLAGS_RELEASE}")
string(REPLACE "-DNDEBUG" "" CMAKE_C_FLAGS_RELWITHDEBINFO "${CMAKE_C_FLAGS_RELWITHDEBINFO}")
string(REPLACE "-O3" "-O2" CMAKE_C_FLAGS_RELEASE "${CMAKE_C_FLAGS_RELEASE}")

if(PAPERSCOUT_SANITIZE)
  target_compile_options(paperscout_flags INTERFACE
    -fsanitize=${PAPERSCOUT_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  # -O1 halves the time of the tests and keeps every frame of a report.
  if(CMAKE_BUILD_TYPE STREQUAL "Debug")
    target_compile_options(paperscout_flags INTERFACE -O1 -fno-optimize-sibling-calls)
  endif()
  target_link_options(paperscout_flags INTERFACE -fsanitize=${PAPERSCOUT_SANITIZE})
endif()
if(PAPERSCOUT_COVERAGE)
  target_compile_options(paperscout_flags INTERFACE --coverage)
  target_link_options(paperscout_flags INTERFACE --coverage)
endif()
