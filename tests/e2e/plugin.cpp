// Part of Troupe; see LICENSE.
//
// What the plugin tests load at run time. PLUGIN_VALUE tells one build from another.

#include <cstdlib>
#include <stdexcept>
#include <string>

extern "C" {

int plugin_value() {
  return PLUGIN_VALUE;
}
int plugin_add(int number) {
  return PLUGIN_VALUE + number;
}
static int was_initialised_with = 0;
void plugin_initialise(int number) {
  was_initialised_with = number;
}
int plugin_initialised_with() {
  return was_initialised_with;
}
int plugin_crash(int number) {
  volatile int* volatile nowhere = nullptr;
  *nowhere = number;
  return number;
}

#ifdef PLUGIN_NEEDS_ANOTHER
// Of a plugin that the program loads first, for all to see.
int plugin_helper();
int plugin_helped() {
  return plugin_helper() + PLUGIN_VALUE;
}
#else
int plugin_helper() {
  return PLUGIN_VALUE;
}
#endif

} // extern "C"
