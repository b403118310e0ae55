// Part of Troupe; see LICENSE.

#include "troupe/process/library_list.hpp"

#include "troupe/base/guarded.hpp"
#include "troupe/process/detail/libraries.hpp"
#include "troupe/process/detail/library_records.hpp"

#include <utility>

namespace troupe {

namespace {

class shared_list final : public library_list, public detail::library_record_sink {
public:
  shared_list()
      : memory_{os::shared_memory::create("troupe-libraries", library_list_bytes,
                                          os::write_access::creator)},
        records_{memory_.bytes()} {}

  [[nodiscard]] const os::fd& descriptor() const noexcept override { return memory_.descriptor(); }
  bool publish(std::span<const std::byte> record) noexcept override {
    return records_.append(record);
  }

private:
  os::shared_memory memory_;
  detail::library_record_writer records_;
};

} // namespace

std::shared_ptr<const library_list> library_list::shared() {
  static guarded<std::weak_ptr<const library_list>> current;
  return current.with([](std::weak_ptr<const library_list>& known) {
    auto list = known.lock();
    if (list) return list;
    const auto fresh = std::make_shared<shared_list>();
    detail::publish_libraries_to(fresh);
    known = fresh;
    list = fresh;
    return list;
  });
}

void note_loaded_libraries() {
  detail::note_loaded_libraries();
}

void use_library_list(os::shared_memory list) {
  detail::learn_libraries_from(std::move(list));
}

} // namespace troupe
