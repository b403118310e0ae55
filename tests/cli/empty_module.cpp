// Part of Troupe; see LICENSE.

// A shared library without worker types.

extern "C" int module_value() {
  return 0;
}
