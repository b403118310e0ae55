// Part of Troupe; see LICENSE.

#pragma once

/// Everything a program needs that runs pools, or what a YAML file describes.
#include "troupe/pool.hpp"
#include "troupe/runtime/init.hpp"
#include "troupe/runtime/load.hpp"
#include "troupe/runtime/sinks.hpp"
