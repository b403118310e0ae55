// Part of Troupe; see LICENSE.

#pragma once

namespace troupe {

/// Prepares this program for Troupe; must be the first statement of main.
///
/// Troupe's workers are made from a second process of this same program (the zygote). In that
/// process, and in every worker, this call takes over and never returns, so that nothing of the
/// user's main runs there. In the host it returns at once and starts nothing. A program that
/// becomes a daemon does so before its first pool; in a child forked later it throws forked_copy.
void init(int argc, char** argv);

} // namespace troupe
