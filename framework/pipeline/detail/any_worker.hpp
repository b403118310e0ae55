// Part of Troupe; see LICENSE.

#pragma once

// TODO(cli): include worker_list.hpp instead; then this file goes.
#include "troupe/pipeline/worker_list.hpp"
