// Part of Troupe; see LICENSE.

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>

namespace troupe::detail {

/// Variable in the environment of every child of a zygote and of all that descends from it: the
/// mark of the zygote, a colon, and the number of the child. The zygote itself has the number 0.
inline constexpr auto owner_variable = "TROUPE_CHILD";

/// Its value in the environment of a new zygote.
std::string owner_value_of_zygote(const std::string& mark);
/// In a new child: writes its number over the zygote's, in place, because what others can read of
/// an environment is the memory that it had at first.
void take_owner_number(std::uint64_t id) noexcept;

/// What a zygote has adopted, and which of its children it descends from: also what has left the
/// group and the session of that child. Not known are those that have no such variable any more.
///
/// Lives in: zygote. Threads: one owner. Blocks: never. Crash: the host looks for what is left.
/// Errors: what cannot be read is not known.
class orphan_book {
public:
  orphan_book();

  /// Notes the children of this process for which `is_own` is false.
  void look(const std::function<bool(int pid)>& is_own);
  void forget(int pid) noexcept { orphans_.erase(pid); }
  /// Sends `signal` to those of `owner` that have not had it, also not as members of its `group`;
  /// returns whether there are any.
  bool ask(std::uint64_t owner, int group, int signal);
  /// SIGKILL to those whose owner is not there any more; returns how many were killed for the first
  /// time.
  std::size_t kill_ownerless(const std::function<bool(std::uint64_t owner)>& is_there);

private:
  struct orphan {
    std::uint64_t owner = 0;
    bool is_asked = false;
    bool is_killed = false;
  };
  std::string beginning_;         // Of the entry in the environment of all that descends from here.
  std::map<int, orphan> orphans_; // By pid, which is theirs until we reap them.
};

} // namespace troupe::detail
