// Part of Troupe; see LICENSE.

#include "troupe/pool/detail/exception_bases.hpp"

#include <cstddef>
#include <string_view>

#include <cxxabi.h>

namespace troupe::detail {

namespace {

// Nobody inherits from more; bounds what a hierarchy with many paths to one base unfolds to.
constexpr std::size_t types_max = 64;

void add_bases(const std::type_info& type, std::vector<const std::type_info*>& out) {
  if (const auto* single = dynamic_cast<const abi::__si_class_type_info*>(&type)) {
    out.push_back(single->__base_type);
  } else if (const auto* many = dynamic_cast<const abi::__vmi_class_type_info*>(&type)) {
    for (unsigned i = 0; i < many->__base_count; ++i) {
      const auto& base = many->__base_info[i];
      if (base.__is_public_p()) out.push_back(base.__base_type);
    }
  }
}

bool wraps_nested(const std::type_info& type) {
  return std::string_view{type.name()}.starts_with("St17_Nested_exceptionI");
}

} // namespace

std::vector<const std::type_info*> types_of_current_exception() {
  std::vector<const std::type_info*> types;
  const auto* const thrown = abi::__cxa_current_exception_type();
  if (thrown == nullptr) return types;
  types.push_back(thrown);
  for (std::size_t i = 0; i < types.size() && types.size() < types_max; ++i) {
    add_bases(*types[i], types);
  }
  if (wraps_nested(*thrown) && types.size() > 1) types.erase(types.begin());
  return types;
}

} // namespace troupe::detail
