# Options, and the flags every unit of Troupe is compiled with.

include(TroupeWarnings)

option(TROUPE_BUILD_TESTS "Build the tests" ${PROJECT_IS_TOP_LEVEL})
option(TROUPE_BUILD_EXAMPLES "Build the examples" ${PROJECT_IS_TOP_LEVEL})
option(TROUPE_BUILD_CLI "Build the command 'troupe'" ${PROJECT_IS_TOP_LEVEL})
option(TROUPE_BUILD_BENCH "Build the benchmarks" OFF)
option(TROUPE_INSTALL "Make the install target" ${PROJECT_IS_TOP_LEVEL})
option(TROUPE_CHECK_HEADERS "Compile every header alone" OFF)
option(TROUPE_WERROR "Treat warnings as errors, if the compiler is a known one" OFF)
set(TROUPE_SANITIZE "" CACHE STRING "Sanitizers: address, undefined or thread (comma-separated)")

if(PROJECT_IS_TOP_LEVEL)
  if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
    set(CMAKE_BUILD_TYPE Release CACHE STRING "Build type" FORCE)
  endif()
  set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
  set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")
  find_program(TROUPE_CCACHE ccache)
  if(TROUPE_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
    # Paths relative to the build folder, so that two clones share their results.
    set(CMAKE_CXX_COMPILER_LAUNCHER
        ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1
        CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${TROUPE_CCACHE})
  endif()
  find_program(TROUPE_MOLD mold)
  if(TROUPE_MOLD)
    add_link_options(-fuse-ld=mold)
  endif()
endif()

add_library(troupe_build_flags INTERFACE)
target_compile_features(troupe_build_flags INTERFACE cxx_std_20)
troupe_warning_flags(
  "${CMAKE_CXX_COMPILER_ID}" "${CMAKE_CXX_COMPILER_VERSION}" "${TROUPE_WERROR}" "${TROUPE_SANITIZE}"
  troupe_warnings)
target_compile_options(troupe_build_flags INTERFACE ${troupe_warnings} -fno-omit-frame-pointer)
if(TROUPE_WERROR AND NOT "-Werror" IN_LIST troupe_warnings)
  message(STATUS "${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION} is not one of "
    "cmake/TroupeWarnings.cmake: its warnings are shown and are no errors")
endif()
if(TROUPE_SANITIZE)
  # libcaf's headers compare null references on purpose, hence no null check.
  add_compile_options(-fsanitize=${TROUPE_SANITIZE} -fno-sanitize=null -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${TROUPE_SANITIZE})
  if(TROUPE_SANITIZE MATCHES "thread" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # It does not follow fences, and g++ says so at each one, Boost's too.
    add_compile_options(-Wno-tsan)
  endif()
endif()
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_CXX_EXTENSIONS OFF)
