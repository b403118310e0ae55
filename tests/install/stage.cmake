# Installs the built tree into STAGE; the EXPECTED files must lie there.

cmake_minimum_required(VERSION 3.25)
file(REMOVE_RECURSE "${STAGE}")
execute_process(COMMAND ${CMAKE_COMMAND} --install "${BINARY}" --prefix "${STAGE}"
  OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)

foreach(path IN LISTS EXPECTED)
  if(NOT EXISTS "${STAGE}/${path}")
    message(FATAL_ERROR "${path} was not installed")
  endif()
endforeach()

# Users install no headers of other libraries because of ours; troupe/actor is for users of CAF.
file(GLOB_RECURSE headers "${STAGE}/include/*.hpp")
foreach(header IN LISTS headers)
  file(STRINGS "${header}" foreign REGEX "^#include [<\"](caf|yaml-cpp|boost|fmt|spdlog|nlohmann)/")
  if(foreign AND NOT header MATCHES "/troupe/actor/")
    message(FATAL_ERROR "${header} makes users need: ${foreign}")
  endif()
endforeach()
