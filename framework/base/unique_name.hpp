// Part of Troupe; see LICENSE.

#pragma once

/// A name that begins with `start` and that nobody else in this source file has. @{
#define TROUPE_DETAIL_JOIN_AS_IS(a, b) a##b
#define TROUPE_DETAIL_JOIN(a, b) TROUPE_DETAIL_JOIN_AS_IS(a, b)
#define TROUPE_DETAIL_UNIQUE_NAME(start) TROUPE_DETAIL_JOIN(start, __COUNTER__)
/// @}
