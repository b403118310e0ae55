# What `cmake --install` puts down: the library, its public headers by room, the CMake package, the
# pkg-config file, the command and the sample configurations.

include(CMakePackageConfigHelpers)

set(troupe_package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/troupe")

# The library is static, so whoever links it needs what the rooms link: as a find_dependency line
# for CMake and as a linker flag for pkg-config. A library that is new to a room gets a row here.
function(troupe_describe_link library out_find out_flag)
  set(find "")
  if(library STREQUAL "CAF::core")
    set(find "CAF")
    set(flag "-lcaf_core")
  elseif(library MATCHES "^(yaml-cpp::)?yaml-cpp$")
    set(find "yaml-cpp")
    set(flag "-lyaml-cpp")
  elseif(library STREQUAL "spdlog::spdlog")
    set(find "spdlog")
    set(flag "-lspdlog -lfmt")
  elseif(library STREQUAL "fmt::fmt")
    set(find "fmt")
    set(flag "-lfmt")
  elseif(library MATCHES "^OpenSSL::(SSL|Crypto)$")
    set(find "OpenSSL")
    set(flag "-lssl -lcrypto")
  elseif(library MATCHES "^SQLite::SQLite3$")
    set(find "SQLite3")
    set(flag "-lsqlite3")
  elseif(library MATCHES "^Boost::(.+)$")
    set(find "Boost COMPONENTS ${CMAKE_MATCH_1}")
    set(flag "-lboost_${CMAKE_MATCH_1}")
  elseif(library MATCHES "^[a-zA-Z0-9_+.-]+$")
    set(flag "-l${library}")
  else()
    message(FATAL_ERROR "cmake/TroupeInstall.cmake does not know how users find ${library}: add a row")
  endif()
  set(${out_find} "${find}" PARENT_SCOPE)
  set(${out_flag} "${flag}" PARENT_SCOPE)
endfunction()

get_target_property(troupe_links troupe LINK_LIBRARIES)
list(REMOVE_ITEM troupe_links Threads::Threads)
set(TROUPE_FIND_DEPENDENCIES "find_dependency(Threads)\n")
set(TROUPE_LINK_FLAGS "")
foreach(library IN LISTS troupe_links)
  troupe_describe_link("${library}" find flag)
  if(find)
    string(APPEND TROUPE_FIND_DEPENDENCIES "find_dependency(${find})\n")
  endif()
  string(APPEND TROUPE_LINK_FLAGS " ${flag}")
endforeach()

install(TARGETS troupe EXPORT troupeTargets ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}")
install(EXPORT troupeTargets NAMESPACE troupe:: DESTINATION "${troupe_package_dir}")
configure_package_config_file(
  "${CMAKE_CURRENT_LIST_DIR}/troupeConfig.cmake.in" "${CMAKE_CURRENT_BINARY_DIR}/troupeConfig.cmake"
  INSTALL_DESTINATION "${troupe_package_dir}" NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(
  "${CMAKE_CURRENT_BINARY_DIR}/troupeConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
install(FILES
  "${CMAKE_CURRENT_BINARY_DIR}/troupeConfig.cmake" "${CMAKE_CURRENT_BINARY_DIR}/troupeConfigVersion.cmake"
  "${CMAKE_CURRENT_LIST_DIR}/FindCAF.cmake" DESTINATION "${troupe_package_dir}")

# From <prefix>/<libdir>/pkgconfig back to the prefix, whatever the depth of libdir (Debian: lib/<arch>).
file(RELATIVE_PATH TROUPE_PC_UP "/prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/prefix")
configure_file(
  "${CMAKE_CURRENT_LIST_DIR}/troupe.pc.in" "${CMAKE_CURRENT_BINARY_DIR}/troupe.pc" @ONLY)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/troupe.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")

# The headers of a room keep their place. Templates need some of detail/; what includes a library
# serves only our sources, and stays here, so that users need none of those headers.
get_property(troupe_rooms GLOBAL PROPERTY TROUPE_ROOMS)
foreach(room IN LISTS troupe_rooms)
  get_target_property(room_dir troupe_${room} SOURCE_DIR)
  file(GLOB_RECURSE headers RELATIVE "${room_dir}" CONFIGURE_DEPENDS "${room_dir}/*.hpp")
  foreach(header IN LISTS headers)
    file(STRINGS "${room_dir}/${header}" foreign REGEX "^#include [<\"](caf|yaml-cpp|boost|fmt|spdlog|nlohmann)/")
    if(NOT foreign OR NOT header MATCHES "^detail/")
      get_filename_component(folder "troupe/${room}/${header}" DIRECTORY)
      install(FILES "${room_dir}/${header}" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/${folder}")
    endif()
  endforeach()
endforeach()
get_property(troupe_top_headers GLOBAL PROPERTY TROUPE_TOP_HEADERS)
install(FILES ${troupe_top_headers} DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/troupe")

if(TARGET troupe_command)
  install(TARGETS troupe_command RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
endif()

# In the tree, samples write into its build folder; installed, into the folder they are run from.
file(GLOB troupe_samples CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/config/samples/*.yaml")
foreach(sample IN LISTS troupe_samples)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${sample}")
  file(READ "${sample}" text)
  string(REGEX REPLACE "\\.\\./\\.\\./build/([^ \n]+)" "\"\${PWD}/\\1\"" text "${text}")
  string(REPLACE "build/" "" text "${text}")
  get_filename_component(name "${sample}" NAME)
  file(CONFIGURE OUTPUT "${CMAKE_CURRENT_BINARY_DIR}/samples/${name}" CONTENT "${text}" @ONLY)
  install(FILES "${CMAKE_CURRENT_BINARY_DIR}/samples/${name}" DESTINATION "${CMAKE_INSTALL_DATADIR}/troupe/samples")
endforeach()
install(FILES "${CMAKE_CURRENT_SOURCE_DIR}/LICENSE" DESTINATION "${CMAKE_INSTALL_DOCDIR}")
