# Which warnings a compiler is asked for, and whether they are errors. The only place that knows
# versions of compilers; tests/tools/warnings_test.cmake calls it for each.

# The compilers that Troupe is built and tested with: id, oldest and newest major version. What they
# warn of is known, so with TROUPE_WERROR it is an error. Any other is shown its warnings and goes on.
set(TROUPE_KNOWN_COMPILERS "GNU 12 14" "Clang 14 19")

# Guesses of g++ after inlining, which change with its version and the level of optimisation: at -O3
# and under sanitizers, and g++ 13 and 14 also at -O2, they find faults inside the standard library
# (one is GCC bug 105651). g++ 12 in Debug and RelWithDebInfo, which ./check builds, keeps them.
set(TROUPE_GUESSES_OF_GNU restrict stringop-overflow stringop-overread array-bounds maybe-uninitialized)

# Sets OUT to whether VERSION of the compiler ID is one of the known.
function(troupe_is_known_compiler id version out)
  string(REGEX MATCH "^[0-9]+" major "${version}")
  set(${out} FALSE PARENT_SCOPE)
  foreach(row IN LISTS TROUPE_KNOWN_COMPILERS)
    separate_arguments(row)
    list(GET row 0 known)
    list(GET row 1 oldest)
    list(GET row 2 newest)
    if(id STREQUAL known AND major AND major GREATER_EQUAL oldest AND major LESS_EQUAL newest)
      set(${out} TRUE PARENT_SCOPE)
    endif()
  endforeach()
endfunction()

# Sets OUT to the flags for VERSION of the compiler ID; IS_ERROR asks for errors, SANITIZE names
# sanitizers or is empty.
function(troupe_warning_flags id version is_error sanitize out)
  set(flags -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wold-style-cast -Wswitch)
  if(id STREQUAL "GNU")
    foreach(guess IN LISTS TROUPE_GUESSES_OF_GNU)
      if(sanitize OR NOT version MATCHES "^12\\.")
        list(APPEND flags "-Wno-${guess}")
      else()
        list(APPEND flags "$<$<NOT:$<CONFIG:Debug,RelWithDebInfo>>:-Wno-${guess}>")
      endif()
    endforeach()
  endif()
  troupe_is_known_compiler("${id}" "${version}" is_known)
  if(is_error AND is_known)
    list(APPEND flags -Werror)
  endif()
  set(${out} "${flags}" PARENT_SCOPE)
endfunction()
