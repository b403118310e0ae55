# Builds and runs the consumer in one WAY: find_package, pkg_config or add_subdirectory.

cmake_minimum_required(VERSION 3.25)

function(step)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT result EQUAL 0)
    string(JOIN " " command ${ARGN})
    message(FATAL_ERROR "${command}\nended with ${result}:\n${output}")
  endif()
  set(output "${output}" PARENT_SCOPE)
endfunction()

# A sibling of our build folder: paths have the depth that ours have, so that ccache knows them.
set(binary "${TROUPE_BINARY}-consumer-${WAY}")
set(configure ${CMAKE_COMMAND} -S "${CONSUMER}" -B "${binary}" -G Ninja
  "-DTROUPE_WAY=${WAY}" "-DCMAKE_BUILD_TYPE=${BUILD_TYPE}" "-DCMAKE_CXX_COMPILER=${CXX}")

if(WAY STREQUAL "pkg_config")
  file(MAKE_DIRECTORY "${binary}")
  set(ENV{PKG_CONFIG_PATH} "${STAGE}/${LIBDIR}/pkgconfig")
  set(ENV{CXX} "${CXX}")
  # eval, because pkg-config escapes the blanks of a path for the shell.
  step(sh -euc [[flags=$(pkg-config --cflags --libs troupe)
    eval "$CXX -o \"$2/consumer\" \"$1/main.cpp\" $flags"]] sh "${CONSUMER}" "${binary}")
elseif(WAY STREQUAL "find_package")
  file(REMOVE_RECURSE "${binary}")
  step(${configure} "-DCMAKE_PREFIX_PATH=${STAGE}")
  step(${CMAKE_COMMAND} --build "${binary}")
else()
  # The same flags and include folder as ours: with ccache nothing of Troupe is compiled again.
  set(ENV{CMAKE_CXX_COMPILER_LAUNCHER} "${LAUNCHER}")
  step(${configure} "-DTROUPE_SOURCE=${TROUPE_SOURCE}" "-DTROUPE_WERROR=${WERROR}"
    "-DTROUPE_INCLUDE_DIR=${binary}/include")
  step(${CMAKE_COMMAND} --build "${binary}" --parallel 2)
endif()

step("${binary}/consumer")
if(NOT output STREQUAL "42\n")
  message(FATAL_ERROR "the consumer printed '${output}' where 42 was expected")
endif()
