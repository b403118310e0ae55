// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/pool/exception_registry.hpp"
#include "troupe/pool/pool.hpp"
#include "troupe/pool/remote_exception.hpp"
#include "troupe/pool/wait_for_futures.hpp"
#include "troupe/pool/worker_state.hpp"
