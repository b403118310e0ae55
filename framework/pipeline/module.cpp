// Part of Troupe; see LICENSE.

#include "troupe/pipeline/module.hpp"

#include "troupe/base/text.hpp"
#include "troupe/process/library_list.hpp"

#include <dlfcn.h>

#include <string_view>
#include <vector>

namespace troupe::pipeline {
namespace {

failure unknown(const std::string& name, const std::string& where, const worker_entry* list) {
  std::vector<std::string_view> names;
  for (; list != nullptr; list = list->next) names.emplace_back(list->name);
  const auto near = text::nearest(name, names);
  auto message = "there is no worker '" + name + "' in " + where;
  message += near.empty() ? "; register it with TROUPE_WORKER(" + name + ")"
                          : "; did you mean '" + std::string{near} + "'?";
  return {errc::bad_argument, std::move(message)};
}

expected<const worker_entry*> list_of(const std::string& module) {
  void* const library = ::dlopen(module.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    return failure{errc::start_failed, "cannot load module " + module + ": " + ::dlerror()};
  }
  note_loaded_libraries();
  void* const symbol = ::dlsym(library, "troupe_module_workers");
  const worker_entry* const list =
      symbol == nullptr ? nullptr : reinterpret_cast<const worker_entry* (*)()>(symbol)();
  if (list == nullptr) {
    return failure{errc::bad_data, "module " + module + " has no workers; use TROUPE_WORKER in it"};
  }
  return list;
}

} // namespace

expected<const worker_entry*> find_in_module(const std::string& name, const std::string& module) {
  const worker_entry* list = worker_list();
  if (!module.empty()) {
    auto loaded = list_of(module);
    if (!loaded) return loaded;
    list = *loaded;
  }
  if (const auto* const entry = find_worker(list, name)) return entry;
  return unknown(name, module.empty() ? "this program" : "module " + module, list);
}

std::vector<worker_description> describe(const worker_entry* list) {
  std::vector<worker_description> out;
  const auto name_of = [](message_type (*type)()) { return type == nullptr ? "" : type().name; };
  for (; list != nullptr; list = list->next) {
    out.push_back({list->name, list->role, name_of(list->input), name_of(list->output)});
  }
  return out;
}

expected<std::vector<worker_description>> describe_module(const std::string& module) {
  const auto list = list_of(module);
  if (!list) return list.error();
  return describe(*list);
}

} // namespace troupe::pipeline
