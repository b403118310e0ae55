// Part of Troupe; see LICENSE.

#include "troupe/process/detail/libraries.hpp"

#include "troupe/base/error.hpp"
#include "troupe/base/guarded.hpp"
#include "troupe/os/mapped_file.hpp"
#include "troupe/process/detail/byte_packer.hpp"
#include "troupe/process/detail/crash_page.hpp"
#include "troupe/process/detail/library_records.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <utility>

namespace troupe::detail {

namespace {

constexpr std::size_t paths_max = 2;

std::uint16_t fold(std::uint64_t identity) noexcept {
  const auto folded = identity ^ (identity >> 16) ^ (identity >> 32) ^ (identity >> 48);
  const auto number = static_cast<std::uint16_t>(folded);
  return number == 0 ? std::uint16_t{1} : number;
}

// The file that is mapped, and, if it is another name, how it was called: a library finds its own
// libraries beside the name by which it was loaded.
std::vector<std::string> paths_of(const loaded_module& module) {
  std::vector<std::string> out;
  if (const auto file = os::file_mapped_at(module.begin)) out.push_back(file->path);
  std::error_code ignored;
  const std::filesystem::path named{module.path};
  if (named.is_absolute()) {
    if (out.empty() || out.front() != named) out.push_back(named);
  } else if (out.empty()) {
    out.push_back(std::filesystem::absolute(named, ignored));
  }
  return out;
}

bool have_same_content(const std::string& a, const std::string& b) {
  std::ifstream first{a, std::ios::binary};
  std::ifstream second{b, std::ios::binary};
  if (!first || !second) return true; // One is gone: nothing says that they differ.
  using bytes = std::istreambuf_iterator<char>;
  return std::equal(bytes{first}, bytes{}, bytes{second}, bytes{});
}

struct library_registry {
  std::vector<known_library> libraries; // In the order of their numbers' first use.
  std::weak_ptr<library_record_sink> sink;
  // In a worker.
  bool may_load = false;
  os::shared_memory list_memory;
  std::optional<library_record_reader> list;
  std::vector<std::uint16_t> ambiguous; // Numbers given by the host and by this process.
  std::map<std::string, int> loads;     // How often a path was loaded.

  known_library* find(std::uint16_t number) {
    const auto found = std::find_if(libraries.begin(), libraries.end(),
                                    [&](const auto& known) { return known.number == number; });
    return found == libraries.end() ? nullptr : &*found;
  }
  known_library* find_identity(std::uint64_t identity) {
    const auto found = std::find_if(libraries.begin(), libraries.end(),
                                    [&](const auto& known) { return known.identity == identity; });
    return found == libraries.end() ? nullptr : &*found;
  }

  void learn(const known_library& library) {
    if (auto* const known = find_identity(library.identity)) {
      known->paths = library.paths;
    } else if (find(library.number) != nullptr) {
      ambiguous.push_back(library.number);
    } else {
      libraries.push_back(library);
    }
  }

  void read_list() {
    if (!list) return;
    list->read_new([&](std::span<const std::byte> record) {
      if (const auto library = decode_library(record)) learn(*library);
    });
  }
};

guarded<library_registry>& registry() {
  static guarded<library_registry> only;
  return only;
}

error too_many_libraries(const loaded_module& module) {
  return {errc::too_large, "too many libraries: no room to tell workers of '" + module.path +
                               "'; load fewer different ones in the life of a program"};
}

bool is_known_place(const known_library& known, const std::vector<std::string>& paths) {
  const auto& old = known.paths;
  return paths.empty() || std::find(old.begin(), old.end(), paths.front()) != old.end();
}

// A library with a known identity may lie elsewhere than the one we know: the same, or one that
// claims to be.
bool is_same(const known_library& known, const std::vector<std::string>& paths) {
  return is_known_place(known, paths) || known.paths.empty() ||
         have_same_content(known.paths.front(), paths.front());
}

error one_build_id(const known_library& known, const std::string& path) {
  return {errc::unsupported, "the libraries '" + known.paths.front() + "' and '" + path +
                                 "' differ but have one " + known.build +
                                 "; link one of them with another --build-id"};
}

void note_place(library_registry& all, known_library& known, std::vector<std::string> paths) {
  if (is_known_place(known, paths)) return;
  paths.resize(1);
  if (!known.paths.empty()) paths.push_back(known.paths.front()); // It may still be there.
  known.paths = std::move(paths);
  if (const auto sink = all.sink.lock()) static_cast<void>(sink->publish(encode(known)));
}

std::uint16_t give_number(library_registry& all, const loaded_module& module,
                          std::vector<std::string> paths) {
  constexpr std::size_t numbers_max = UINT16_MAX;
  if (all.libraries.size() + all.ambiguous.size() >= numbers_max) throw too_many_libraries(module);
  known_library fresh{fold(module.identity), module.identity, module.build, std::move(paths)};
  while (all.find(fresh.number) != nullptr) {
    if (++fresh.number == 0) fresh.number = 1;
  }
  const auto sink = all.sink.lock();
  if (sink && !sink->publish(encode(fresh))) throw too_many_libraries(module);
  all.libraries.push_back(std::move(fresh));
  return all.libraries.back().number;
}

std::string sentence_for(const known_library& library) {
  return "library '" + (library.paths.empty() ? std::string{"?"} : library.paths.front()) + "' (" +
         library.build + ")";
}

// The loader takes a name it has seen for the same library, whatever file has the name by now. With
// one "./" more it looks at the file again.
std::string fresh_spelling(library_registry& all, const std::string& path) {
  std::string out{path};
  const auto slash = out.rfind('/');
  for (int left = all.loads[path]++; left > 0 && slash != std::string::npos; --left) {
    out.insert(slash + 1, "./");
  }
  return out;
}

/// What loading a library takes, so that it can be done without the lock: the library's
/// constructors may come back here.
struct load_plan {
  known_library wanted;
  std::vector<std::string> spellings;            // Of its paths, each twice.
  std::vector<std::vector<std::string>> befores; // Paths of what the host had loaded before it.
};

load_plan plan_load(library_registry& all, const known_library& library) {
  load_plan out{library, {}, {}};
  for (const auto& path : library.paths) {
    out.spellings.push_back(fresh_spelling(all, path));
    out.spellings.push_back(fresh_spelling(all, path));
  }
  for (const auto& before : all.libraries) {
    if (before.identity == library.identity) break;
    out.befores.push_back(before.paths);
  }
  return out;
}

// It may need what was loaded in the host before it.
void load_befores(const load_plan& plan) {
  for (const auto& paths : plan.befores) {
    for (const auto& path : paths) {
      if (load_library(path, symbol_scope::global)) break;
    }
  }
}

failure changed(const known_library& library, const std::string& path, const std::string& build) {
  return {errc::start_failed,
          "the " + sentence_for(library) + " has changed since the program loaded it: the file '" +
              path + "' has now " + build +
              "; put the old file back, or load the new one in the program, too",
          0};
}

expected<loaded_module> load(const load_plan& plan) {
  const auto& library = plan.wanted;
  failure problem{errc::start_failed, "nobody knows where the " + sentence_for(library) + " is", 0};
  for (std::size_t i = 0; i < library.paths.size(); ++i) {
    auto loaded = load_library(plan.spellings[2 * i], symbol_scope::local);
    if (!loaded) {
      load_befores(plan);
      loaded = load_library(plan.spellings[2 * i + 1], symbol_scope::local);
    }
    if (loaded && loaded->identity == library.identity) {
      note_loaded_libraries();
      return loaded;
    }
    // What is said of the first place is said of the file that the program has.
    if (i > 0) continue;
    problem = loaded ? changed(library, library.paths[i], loaded->build)
                     : with_context(loaded.error(), "cannot load the " + sentence_for(library));
  }
  return problem;
}

expected<loaded_module> find_by_fold(std::uint16_t number) {
  std::vector<loaded_module> found;
  for (auto& module : loaded_modules()) {
    if (!module.is_program && fold(module.identity) == number) found.push_back(std::move(module));
  }
  if (found.size() == 1) return std::move(found.front());
  return failure{errc::start_failed,
                 found.empty() ? "it lies in a library that is not loaded in this process"
                               : "two libraries have one number: '" + found[0].path + "' and '" +
                                     found[1].path + "'",
                 0};
}

} // namespace

std::vector<std::byte> encode(const known_library& library) {
  byte_packer out;
  out.put(library.number);
  out.put(library.identity);
  out.put(library.build);
  out.put(static_cast<std::uint32_t>(library.paths.size()));
  for (const auto& path : library.paths) out.put(path);
  return out.take();
}

std::optional<known_library> decode_library(std::span<const std::byte> bytes) {
  byte_unpacker in{bytes};
  known_library out;
  out.number = in.take<std::uint16_t>();
  out.identity = in.take<std::uint64_t>();
  out.build = in.take_text();
  for (auto left = in.take_count(); left > 0; --left) out.paths.push_back(in.take_text());
  if (!in.is_complete() || out.number == 0 || out.paths.size() > paths_max) return std::nullopt;
  return out;
}

std::uint16_t number_of(const loaded_module& module) {
  if (module.is_program) return 0;
  auto paths = paths_of(module);
  return registry().with([&](library_registry& all) {
    all.read_list();
    // Workers that cannot load it alone are given what was loaded before it.
    for (const auto& before : loaded_modules()) {
      if (before.path == module.path && before.base == module.base) break;
      if (before.is_permanent) continue;
      auto* const known = all.find_identity(before.identity);
      auto place = paths_of(before);
      if (known == nullptr) {
        static_cast<void>(give_number(all, before, std::move(place)));
      } else if (is_same(*known, place)) {
        note_place(all, *known, std::move(place));
      }
    }
    auto* const known = all.find_identity(module.identity);
    if (known == nullptr) return give_number(all, module, std::move(paths));
    if (!is_same(*known, paths)) throw one_build_id(*known, paths.front());
    note_place(all, *known, std::move(paths));
    return known->number;
  });
}

std::uint16_t number_for_naming(const loaded_module& module) {
  if (module.is_program) return 0;
  return registry().with([&](library_registry& all) {
    all.read_list();
    const auto* known = all.find_identity(module.identity);
    return known != nullptr ? known->number : fold(module.identity);
  });
}

std::optional<known_library> find_library(std::uint16_t number) {
  return registry().with([&](library_registry& all) -> std::optional<known_library> {
    all.read_list();
    const auto* known = all.find(number);
    return known != nullptr ? std::optional{*known} : std::nullopt;
  });
}

expected<loaded_module> loaded_library(std::uint16_t number) {
  std::optional<known_library> known;
  std::optional<load_plan> plan;
  bool is_ambiguous = false;
  registry().with([&](library_registry& all) {
    all.read_list();
    is_ambiguous =
        std::find(all.ambiguous.begin(), all.ambiguous.end(), number) != all.ambiguous.end();
    if (const auto* found = all.find(number)) known = *found;
    if (known && all.may_load) plan = plan_load(all, *known);
  });
  if (is_ambiguous) {
    return failure{errc::unsupported,
                   "the host and this worker gave one number to two libraries; link one of them "
                   "with another --build-id",
                   0};
  }
  if (!known) return find_by_fold(number);
  if (auto loaded = library_with_identity(known->identity)) {
    if (plan && !loaded->is_permanent) hold_library(*loaded);
    return std::move(*loaded);
  }
  if (plan) return load(*plan);
  return failure{errc::start_failed,
                 "the " + sentence_for(*known) + " is not loaded in this process", 0};
}

void learn_library(const known_library& library) {
  registry().with([&](library_registry& all) {
    all.may_load = true;
    all.learn(library);
  });
}

void learn_libraries_from(os::shared_memory list) {
  registry().with([&](library_registry& all) {
    all.may_load = true;
    all.list_memory = std::move(list);
    all.list.emplace(all.list_memory.bytes());
  });
}

void note_loaded_libraries() {
  for (const auto& module : loaded_modules()) {
    if (!module.is_permanent)
      crash_arena::note_library({module.begin, module.end, module.identity});
  }
}

void publish_libraries_to(const std::shared_ptr<library_record_sink>& sink) {
  registry().with([&](library_registry& all) {
    for (const auto& known : all.libraries) static_cast<void>(sink->publish(encode(known)));
    all.sink = sink;
  });
}

} // namespace troupe::detail
