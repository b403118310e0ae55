// Part of Troupe; see LICENSE.

#include "troupe/pipeline/observer.hpp"

namespace troupe::pipeline {

void pipeline_observer::on_stage_finished(std::string_view) {}
void pipeline_observer::on_dead_letter(std::string_view, std::string_view, bool) {}
void pipeline_observer::on_notice(std::string_view, std::string_view) {}
void pipeline_observer::on_finished() {}
void pipeline_observer::on_failed(const failure&) {}

} // namespace troupe::pipeline
