# A room is a folder of framework/ (or actors, config): one static library with the rooms to its
# left as its only dependencies. All of them together are the library troupe::troupe.

if(NOT TROUPE_INCLUDE_DIR)
  set(TROUPE_INCLUDE_DIR "${CMAKE_CURRENT_BINARY_DIR}/include")
endif()
file(MAKE_DIRECTORY "${TROUPE_INCLUDE_DIR}/troupe")
set_property(GLOBAL PROPERTY TROUPE_ROOMS "")
set_property(GLOBAL PROPERTY TROUPE_ROOM_LINKS "")
set_property(GLOBAL PROPERTY TROUPE_TOP_HEADERS "")

# Makes "troupe/NAME" in include lines mean PATH (a folder or a header). A header is installed too.
function(troupe_link_header path name)
  file(CREATE_LINK "${path}" "${TROUPE_INCLUDE_DIR}/troupe/${name}" SYMBOLIC)
  if(NOT IS_DIRECTORY "${path}")
    set_property(GLOBAL APPEND PROPERTY TROUPE_TOP_HEADERS "${path}")
  endif()
endfunction()

# troupe_add_room(os DEPENDS base SOURCES fd.cpp ... LINK pkg::lib ...)
# LINK libraries are private: their headers stay behind ours.
function(troupe_add_room room)
  cmake_parse_arguments(ROOM "" "" "DEPENDS;SOURCES;LINK" ${ARGN})
  add_library(troupe_${room} STATIC ${ROOM_SOURCES})
  target_include_directories(troupe_${room} PUBLIC "$<BUILD_INTERFACE:${TROUPE_INCLUDE_DIR}>")
  target_compile_features(troupe_${room} PUBLIC cxx_std_20)
  target_link_libraries(troupe_${room} PRIVATE troupe_build_flags ${ROOM_LINK} PUBLIC Threads::Threads)
  foreach(dependency IN LISTS ROOM_DEPENDS)
    target_link_libraries(troupe_${room} PUBLIC troupe_${dependency})
  endforeach()
  set_property(GLOBAL APPEND PROPERTY TROUPE_ROOMS ${room})
  set_property(GLOBAL APPEND PROPERTY TROUPE_ROOM_LINKS ${ROOM_LINK})
  if(NOT EXISTS "${TROUPE_INCLUDE_DIR}/troupe/${room}")
    troupe_link_header("${CMAKE_CURRENT_SOURCE_DIR}" "${room}")
  endif()
endfunction()

# Puts the objects of every room into one library, the only one that is installed. What the rooms
# link is linked by whoever links troupe::troupe, but its headers and flags are not passed on.
function(troupe_finish_library)
  get_property(rooms GLOBAL PROPERTY TROUPE_ROOMS)
  get_property(links GLOBAL PROPERTY TROUPE_ROOM_LINKS)
  list(REMOVE_DUPLICATES links)
  # Headers only: needed to compile the rooms, not to link them.
  list(FILTER links EXCLUDE REGEX "^(Boost::headers|Boost::boost|nlohmann_json::.*|CLI11::.*)$")
  set(objects "")
  foreach(room IN LISTS rooms)
    list(APPEND objects "$<TARGET_OBJECTS:troupe_${room}>")
  endforeach()
  add_library(troupe STATIC ${objects})
  add_library(troupe::troupe ALIAS troupe)
  set_target_properties(troupe PROPERTIES LINKER_LANGUAGE CXX)
  target_compile_features(troupe PUBLIC cxx_std_20)
  target_include_directories(troupe PUBLIC
    "$<BUILD_INTERFACE:${TROUPE_INCLUDE_DIR}>" "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>")
  target_link_libraries(troupe PUBLIC Threads::Threads PRIVATE ${links} ${CMAKE_DL_LIBS})
endfunction()
