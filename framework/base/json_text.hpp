// Part of Troupe; see LICENSE.

#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// JSON as text: what passes through is checked and cut out, never read into values and printed
/// anew, so numbers, the order of keys and blanks stay as they were written (RFC 8259).
///
/// Lives in: any process. Threads: any. Blocks: never; any depth of nesting costs a byte of memory
/// each, no stack. Crash: nothing shared. Errors: text that is not JSON, in UTF-8, gives nothing.
namespace troupe::json_text {

/// A member of an object; views into its text.
struct member {
  std::string key;        ///< Decoded.
  std::string_view value; ///< As written, without the blanks around it.
};

/// Whether `text` is one JSON value, with blanks around it or none.
[[nodiscard]] bool is_value(std::string_view text);
/// Whether `text` is a number, and nothing else.
[[nodiscard]] bool is_number(std::string_view text);

/// The members of an object in their order; a key may come twice.
[[nodiscard]] std::optional<std::vector<member>> members(std::string_view object);
/// The elements of an array, as written.
[[nodiscard]] std::optional<std::vector<std::string_view>> elements(std::string_view array);

/// The text that a JSON string stands for; nothing when it is no string, or holds half of a
/// surrogate pair, which is no character.
[[nodiscard]] std::optional<std::string> decode(std::string_view string);
/// `text` as a JSON string; nothing when it is not UTF-8.
[[nodiscard]] std::optional<std::string> quote(std::string_view text);

[[nodiscard]] bool is_utf8(std::string_view text);

} // namespace troupe::json_text
