# Every header compiles alone: one unit per header that includes nothing else. Part of the default
# build where it is on, so a header that leans on what others include first does not go in.

get_property(troupe_rooms GLOBAL PROPERTY TROUPE_ROOMS)
set(header_units "")
foreach(room IN LISTS troupe_rooms)
  get_target_property(room_dir troupe_${room} SOURCE_DIR)
  file(GLOB_RECURSE headers RELATIVE "${room_dir}" CONFIGURE_DEPENDS "${room_dir}/*.hpp")
  foreach(header IN LISTS headers)
    string(REPLACE "/" "_" unit "${room}_${header}")
    set(unit "${CMAKE_CURRENT_BINARY_DIR}/header_check/${unit}.cpp")
    file(CONFIGURE OUTPUT "${unit}" CONTENT "#include \"troupe/${room}/${header}\"\n")
    list(APPEND header_units "${unit}")
  endforeach()
endforeach()

add_library(header_check OBJECT ${header_units})
target_link_libraries(header_check PRIVATE troupe_build_flags troupe)
# Nothing is run, so nothing is optimised: half the time, the same errors.
target_compile_options(header_check PRIVATE -O0 -g0)
