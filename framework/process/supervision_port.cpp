// Part of Troupe; see LICENSE.

#include "troupe/process/supervision_port.hpp"

namespace troupe {

std::string_view to_string(slot_state state) noexcept {
  switch (state) {
  case slot_state::stopped:
    return "stopped";
  case slot_state::starting:
    return "starting";
  case slot_state::ready:
    return "ready";
  case slot_state::backoff:
    return "backoff";
  case slot_state::stopping:
    return "stopping";
  case slot_state::completed:
    return "completed";
  case slot_state::failed:
    return "failed";
  }
  return "?";
}

std::string_view to_string(end_reason reason) noexcept {
  switch (reason) {
  case end_reason::by_itself:
    return "by_itself";
  case end_reason::start_failed:
    return "start_failed";
  case end_reason::start_timeout:
    return "start_timeout";
  case end_reason::recycled:
    return "recycled";
  case end_reason::stopped:
    return "stopped";
  case end_reason::message_timeout:
    return "message_timeout";
  case end_reason::task_timeout:
    return "task_timeout";
  case end_reason::protocol_error:
    return "protocol_error";
  case end_reason::corrupt_answer:
    return "corrupt_answer";
  case end_reason::unresponsive:
    return "unresponsive";
  case end_reason::max_messages:
    return "max_messages";
  case end_reason::max_age:
    return "max_age";
  case end_reason::max_memory:
    return "max_memory";
  case end_reason::chaos:
    return "chaos";
  }
  return "?";
}

std::string_view sentence_of(end_reason reason) noexcept {
  switch (reason) {
  case end_reason::corrupt_answer:
    return "its answers make no sense (corrupt_answer)";
  case end_reason::unresponsive:
    return "it does not take the jobs it is given (unresponsive)";
  case end_reason::message_timeout:
    return "it gave no answer to a message within message_timeout";
  case end_reason::task_timeout:
    return "a task ran longer than its limit (task_timeout, or the timeout of its call)";
  case end_reason::protocol_error:
    return "what it answers is no commit (protocol_error)";
  case end_reason::by_itself:
  case end_reason::start_failed:
  case end_reason::start_timeout:
  case end_reason::recycled:
  case end_reason::stopped:
  case end_reason::max_messages:
  case end_reason::max_age:
  case end_reason::max_memory:
  case end_reason::chaos:
    break;
  }
  return {};
}

} // namespace troupe
