// Part of Troupe; see LICENSE.

#pragma once

/// Everything a program that runs pools needs.
#include "troupe/pool/pool.hpp"
#include "troupe/runtime/init.hpp"
