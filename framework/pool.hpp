// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/pool/pool.hpp"
