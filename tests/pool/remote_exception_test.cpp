// Goal: what a task throws arrives in the host as itself, or at least with its name and text.
// Method: encode in a handler, decode, rethrow, all in one process; then damaged bytes.

#include "troupe/pool/remote_exception.hpp"

#include "troupe/pool/exception_registry.hpp"
#include "troupe/pool/worker_lost.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <random>
#include <regex>
#include <system_error>

namespace {

/// Made again from its text.
class parse_error : public std::runtime_error {
public:
  explicit parse_error(const std::string& text) : std::runtime_error{"cannot parse: " + text} {}
};

/// Made again from its fields.
class http_error : public std::exception {
public:
  http_error() = default;
  http_error(int status, std::string url) : status_{status}, url_{std::move(url)} {}
  [[nodiscard]] const char* what() const noexcept override { return "http error"; }
  [[nodiscard]] int status() const noexcept { return status_; }
  [[nodiscard]] const std::string& url() const noexcept { return url_; }

  template<class Inspector>
  friend bool inspect(Inspector& f, http_error& x) {
    return f(x.status_, x.url_);
  }

private:
  int status_ = 0;
  std::string url_;
};

struct sealed_error final : std::logic_error {
  using std::logic_error::logic_error;
};
/// No std::exception at all.
struct plain_error {
  int code = 0;
};
enum class enum_error { a, b };

struct always_the_same : std::exception {
  [[nodiscard]] const char* what() const noexcept override { return "always"; }
};
/// Its constructor does not accept every text.
struct picky_error : std::runtime_error {
  explicit picky_error(const std::string& text) : std::runtime_error{"it is " + text} {
    if (text.starts_with("it is")) throw std::invalid_argument{"twice"};
  }
};
struct unknown_error : std::out_of_range {
  using std::out_of_range::out_of_range;
};
struct unknown_child_error : unknown_error {
  using unknown_error::unknown_error;
};
/// Nothing standard above it but std::exception.
struct lonely_error : std::exception {
  [[nodiscard]] const char* what() const noexcept override { return "lonely"; }
};
struct marker {
  virtual ~marker() = default;
};
struct mixed_error : marker, std::length_error {
  using std::length_error::length_error;
};
struct virtual_left : virtual std::runtime_error {
  virtual_left() : std::runtime_error{"diamond"} {}
};
struct virtual_right : virtual std::runtime_error {
  virtual_right() : std::runtime_error{"diamond"} {}
};
struct diamond_error : virtual_left, virtual_right {
  diamond_error() : std::runtime_error{"diamond"} {}
};
class secretly_an_error : std::runtime_error {
public:
  secretly_an_error() : std::runtime_error{"private base"} {}
};
struct child_of_registered : parse_error {
  using parse_error::parse_error;
};
struct own_error : troupe::error {
  own_error() : error{troupe::errc::too_large, "of ours"} {}
};
/// Registered, but it may not be sent.
struct refusing_error : std::domain_error {
  refusing_error() : std::domain_error{"refuses"} {}
  int value = 0;
  template<class Inspector>
  friend bool inspect(Inspector& f, refusing_error& x) {
    return f(x.value) && Inspector::is_loading;
  }
};
struct own_category final : std::error_category {
  [[nodiscard]] const char* name() const noexcept override { return "own"; }
  [[nodiscard]] std::string message(int) const override { return "own message"; }
};
const own_category the_own_category;

TROUPE_EXCEPTION(parse_error);
TROUPE_EXCEPTION(http_error);
TROUPE_EXCEPTION(sealed_error);
TROUPE_EXCEPTION(plain_error);
TROUPE_EXCEPTION(enum_error);
TROUPE_EXCEPTION(always_the_same);
TROUPE_EXCEPTION(picky_error);
TROUPE_EXCEPTION(refusing_error);

} // namespace

namespace troupe {
namespace {

template<class Throw>
std::vector<std::byte> bytes_of(Throw action, std::string_view trace = "") {
  try {
    action();
  } catch (...) {
    return encode_current_exception(trace, {.worker = "parse/3", .pid = 4711});
  }
  throw std::logic_error{"nothing was thrown"};
}

template<class E>
std::exception_ptr sent(const E& e) {
  return decode_exception(bytes_of([&] { throw e; }, "frame"));
}

/// Whether `thrown` arrives as exactly its type, with its text and its origin.
template<class E>
bool arrives(const E& thrown) {
  try {
    std::rethrow_exception(sent(thrown));
  } catch (const E& e) {
    const auto* context = dynamic_cast<const remote_context*>(&e);
    return std::string_view{e.what()} == thrown.what() && context != nullptr &&
           context->worker() == "parse/3" && context->pid() == 4711 &&
           context->trace() == "frame" && context->facts().type == typeid(E).name();
  } catch (...) {
    return false;
  }
}

/// What `thrower` throws, as it arrives. Fails when it arrives as no E.
template<class E, class F>
remote_facts arriving_as(F thrower) {
  try {
    std::rethrow_exception(decode_exception(bytes_of(thrower)));
  } catch (const E& e) {
    const auto* context = dynamic_cast<const remote_context*>(&e);
    BOOST_TEST_REQUIRE(context != nullptr);
    BOOST_TEST(dynamic_cast<const remote_error*>(&e) == nullptr);
    BOOST_TEST(context->facts().what == e.what());
    return context->facts();
  }
}

template<class F>
remote_error as_remote_error(F thrower) {
  try {
    std::rethrow_exception(decode_exception(bytes_of(thrower)));
  } catch (const remote_error& e) {
    return e;
  }
}

BOOST_AUTO_TEST_SUITE(remote_exception_suite, *boost::unit_test::timeout(60))

BOOST_AUTO_TEST_CASE(standard_exceptions_arrive_as_themselves) {
  BOOST_TEST(arrives(std::logic_error{"text"}));
  BOOST_TEST(arrives(std::invalid_argument{"text"}));
  BOOST_TEST(arrives(std::domain_error{"text"}));
  BOOST_TEST(arrives(std::length_error{""}));
  BOOST_TEST(arrives(std::out_of_range{"vector::at"}));
  BOOST_TEST(arrives(std::runtime_error{"text"}));
  BOOST_TEST(arrives(std::range_error{"text"}));
  BOOST_TEST(arrives(std::overflow_error{"text"}));
  BOOST_TEST(arrives(std::underflow_error{"text"}));
  BOOST_TEST(arrives(std::bad_alloc{}));
  BOOST_TEST(arrives(std::bad_array_new_length{}));
  BOOST_TEST(arrives(std::bad_cast{}));
  BOOST_TEST(arrives(std::bad_function_call{}));
  BOOST_TEST(arrives(std::bad_optional_access{}));
  BOOST_TEST(arrives(std::bad_variant_access{}));
  BOOST_TEST(arrives(std::exception{}));
  BOOST_TEST(arrives(std::future_error{std::future_errc::broken_promise}));
  BOOST_TEST(arrives(std::regex_error{std::regex_constants::error_brack}));
  try {
    std::rethrow_exception(sent(std::regex_error{std::regex_constants::error_brack}));
  } catch (const std::regex_error& e) {
    BOOST_TEST((e.code() == std::regex_constants::error_brack));
  }
  try {
    std::rethrow_exception(sent(std::future_error{std::future_errc::broken_promise}));
  } catch (const std::future_error& e) {
    BOOST_TEST((e.code() == std::future_errc::broken_promise));
  }
}

BOOST_AUTO_TEST_CASE(exceptions_of_troupe_arrive_as_themselves) {
  BOOST_TEST(arrives(error{errc::too_large, "text"}));
  BOOST_TEST(arrives(timeout_error{"text"}));
  BOOST_TEST(arrives(task_timeout_error{"text"}));
  BOOST_TEST(arrives(forked_copy{"text"}));
  BOOST_TEST(arrives(closed_error{"text"}));
  BOOST_TEST(arrives(cancelled_error{"text"}));
  BOOST_TEST(arrives(invalid_state{"text"}));
  BOOST_TEST(arrives(serialization_error{"text"}));
  BOOST_TEST(arrives(broken_executor{"text"}));
  try {
    std::rethrow_exception(sent(error{errc::too_large, "text"}));
  } catch (const error& e) {
    BOOST_TEST((e.code() == errc::too_large));
  }
}

BOOST_AUTO_TEST_CASE(error_codes_arrive) {
  const auto missing = std::system_error{ENOENT, std::generic_category(), "open"};
  BOOST_TEST(arrives(missing));
  try {
    std::rethrow_exception(sent(missing));
  } catch (const std::system_error& e) {
    BOOST_TEST((e.code() == std::errc::no_such_file_or_directory));
  }
  const auto full = std::filesystem::filesystem_error{
      "copy", "/a", "/b", std::make_error_code(std::errc::no_space_on_device)};
  BOOST_TEST(arrives(full));
  try {
    std::rethrow_exception(sent(full));
  } catch (const std::filesystem::filesystem_error& e) {
    BOOST_TEST(e.path2() == "/b");
    BOOST_TEST((e.code() == std::errc::no_space_on_device));
  }
  BOOST_TEST(arrives(std::ios_base::failure{"stream", std::io_errc::stream}));
}

BOOST_AUTO_TEST_CASE(a_code_of_an_unknown_category_arrives_with_its_name_and_value) {
  const auto thrown = std::system_error{std::error_code{7, the_own_category}, "reading"};
  BOOST_TEST(arrives(thrown));
  for (int round = 0; round < 2; ++round) {
    try {
      std::rethrow_exception(sent(thrown));
    } catch (const std::system_error& e) {
      BOOST_TEST(e.code().value() == 7);
      BOOST_TEST(std::string_view{e.code().category().name()} == "own");
      BOOST_TEST(e.code().message().find("own") != std::string::npos);
      // Better no category than a wrong one.
      BOOST_TEST((e.code() != std::error_code{7, std::generic_category()}));
    }
  }
  BOOST_TEST(arrives(std::filesystem::filesystem_error{"copy", "/a", "/b", thrown.code()}));
  BOOST_TEST(arrives(std::ios_base::failure{"stream", thrown.code()}));
}

BOOST_AUTO_TEST_CASE(names_of_categories_from_workers_are_kept_in_bounds) {
  for (int i = 0; i < 1000; ++i) {
    remote_facts facts;
    facts.type = typeid(std::system_error).name();
    facts.state = wire::to_bytes(1, "category " + std::to_string(i));
    BOOST_CHECK_THROW(std::rethrow_exception(decode_exception(wire::to_bytes(facts))),
                      std::system_error);
  }
}

BOOST_AUTO_TEST_CASE(a_lost_worker_of_a_worker_arrives_with_its_record) {
  exit_record record;
  record.status = exit_status::killed_by(SIGSEGV, true);
  record.name = "inner/0";
  record.stack = {"f", "g"};
  const worker_lost lost{record, 9, 2};
  BOOST_TEST(arrives(lost));
  try {
    std::rethrow_exception(sent(lost));
  } catch (const worker_lost& e) {
    BOOST_TEST((e.exit().status == record.status));
    BOOST_TEST(e.exit().name == "inner/0");
    BOOST_TEST(e.exit().stack.size() == 2u);
    BOOST_TEST(e.task() == 9u);
    BOOST_TEST(e.attempts() == 2u);
  }
}

BOOST_AUTO_TEST_CASE(registered_exceptions_arrive_as_themselves) {
  BOOST_TEST(arrives(parse_error{"line 3"}));
  BOOST_TEST(arrives(http_error{404, "/x"}));
  BOOST_TEST(arrives(always_the_same{}));
  try {
    std::rethrow_exception(sent(http_error{404, "/x"}));
  } catch (const http_error& e) {
    BOOST_TEST(e.status() == 404);
    BOOST_TEST(e.url() == "/x");
  }
  BOOST_CHECK_EXCEPTION(std::rethrow_exception(sent(sealed_error{"final"})), sealed_error,
                        [](const auto& e) { return std::string_view{e.what()} == "final"; });
  BOOST_CHECK_EXCEPTION(std::rethrow_exception(sent(plain_error{7})), plain_error,
                        [](const auto& e) { return e.code == 7; });
  BOOST_CHECK_EXCEPTION(std::rethrow_exception(sent(enum_error::b)), enum_error,
                        [](auto e) { return e == enum_error::b; });
}

BOOST_AUTO_TEST_CASE(unknown_exceptions_arrive_as_their_nearest_known_base) {
  const auto facts = arriving_as<std::out_of_range>([] { throw unknown_error{"text"}; });
  BOOST_TEST(facts.type_name == "(anonymous namespace)::unknown_error");
  BOOST_TEST(facts.what == "text");
  BOOST_TEST(facts.worker == "parse/3");
  BOOST_TEST(facts.pid == 4711);
  BOOST_TEST(arriving_as<std::out_of_range>([] { throw unknown_child_error{"x"}; }).type_name ==
             "(anonymous namespace)::unknown_child_error");
  BOOST_TEST(arriving_as<std::length_error>([] { throw mixed_error{"m"}; }).what == "m");
  BOOST_TEST(arriving_as<std::runtime_error>([] { throw diamond_error{}; }).what == "diamond");
  BOOST_TEST(arriving_as<parse_error>([] { throw child_of_registered{"y"}; }).what ==
             "cannot parse: y");
  BOOST_TEST(arriving_as<std::domain_error>([] { throw refusing_error{}; }).what == "refuses");
  arriving_as<error>([] { throw own_error{}; });
  try {
    std::rethrow_exception(sent(own_error{}));
  } catch (const error& e) {
    BOOST_TEST((e.code() == errc::too_large));
  }
}

BOOST_AUTO_TEST_CASE(exceptions_without_a_known_base_arrive_as_remote_errors) {
  const auto e = as_remote_error([] { throw lonely_error{}; });
  BOOST_TEST(e.type_name() == "(anonymous namespace)::lonely_error");
  BOOST_TEST(std::string_view{e.what()} == "lonely");
  BOOST_TEST(e.worker() == "parse/3");
  BOOST_TEST(e.pid() == 4711);
  BOOST_TEST((e.code() == errc::task_failed));
  as_remote_error([] { throw secretly_an_error{}; });
}

BOOST_AUTO_TEST_CASE(whatever_can_be_thrown_arrives) {
  const auto number = as_remote_error([] { throw 42; });
  BOOST_TEST(number.type_name() == "int");
  BOOST_TEST(std::string_view{number.what()} == "42");
  BOOST_TEST(std::string_view{as_remote_error([] { throw "literal"; }).what()} == "literal");
  BOOST_TEST(std::string_view{as_remote_error([] { throw std::string{"s"}; }).what()} == "s");
  BOOST_TEST(as_remote_error([] { throw std::vector<int>{}; }).type_name().starts_with("std::"));
  const auto picky = as_remote_error([] { throw picky_error{"so"}; });
  BOOST_TEST(std::string_view{picky.what()} == "it is so");
}

BOOST_AUTO_TEST_CASE(nested_exceptions_are_told_in_the_trace) {
  const auto thrower = [] {
    try {
      try {
        throw 42;
      } catch (...) {
        std::throw_with_nested(std::range_error{"inner"});
      }
    } catch (...) {
      std::throw_with_nested(parse_error{"outer"});
    }
  };
  const auto facts = arriving_as<parse_error>(thrower);
  BOOST_TEST(facts.type_name == "(anonymous namespace)::parse_error");
  BOOST_TEST(facts.trace == "caused by: std::range_error: inner\ncaused by: int: 42");
  const auto of_no_base = [] {
    try {
      throw std::range_error{"inner"};
    } catch (...) {
      std::throw_with_nested(marker{});
    }
  };
  const auto e = as_remote_error(of_no_base);
  BOOST_TEST(e.type_name() == "(anonymous namespace)::marker");
  BOOST_TEST(e.trace() == "caused by: std::range_error: inner");
}

// Outside of a handler there is nothing to nest, and asking for it would end the process.
BOOST_AUTO_TEST_CASE(an_exception_with_nothing_nested_in_it_arrives) {
  const auto facts =
      arriving_as<std::range_error>([] { std::throw_with_nested(std::range_error{"alone"}); });
  BOOST_TEST(facts.what == "alone");
  BOOST_TEST(facts.trace.empty());
}

BOOST_AUTO_TEST_CASE(an_exception_from_two_processes_away_stays_itself) {
  const auto far = sent(http_error{500, "/y"});
  const auto near = decode_exception(bytes_of([&] { std::rethrow_exception(far); }, "outer frame"));
  try {
    std::rethrow_exception(near);
  } catch (const http_error& e) {
    BOOST_TEST(e.status() == 500);
    const auto& trace = dynamic_cast<const remote_context&>(e).trace();
    BOOST_TEST(trace == "outer frame\nfrom worker parse/3 (pid 4711):\nframe");
  }
  const auto unknown = sent(unknown_error{"text"});
  const auto facts = arriving_as<std::out_of_range>([&] { std::rethrow_exception(unknown); });
  BOOST_TEST(facts.type_name == "(anonymous namespace)::unknown_error");
  const auto lonely = sent(lonely_error{});
  const auto e = as_remote_error([&] { std::rethrow_exception(lonely); });
  BOOST_TEST(e.type_name() == "(anonymous namespace)::lonely_error");
}

BOOST_AUTO_TEST_CASE(long_texts_are_cut) {
  const auto bytes = bytes_of([] { throw std::runtime_error{std::string(1'000'000, 'x')}; },
                              std::string(1'000'000, 't'));
  BOOST_TEST(bytes.size() < 100'000u);
  BOOST_CHECK_THROW(std::rethrow_exception(decode_exception(bytes)), std::runtime_error);
  const auto huge = bytes_of([] { throw http_error{1, std::string(1'000'000, 'u')}; });
  BOOST_TEST(huge.size() < 100'000u);
  BOOST_CHECK_THROW(std::rethrow_exception(decode_exception(huge)), remote_error);
}

BOOST_AUTO_TEST_CASE(addresses_that_are_nowhere_get_no_name_and_are_few) {
  remote_facts facts;
  std::mt19937_64 random{7};
  for (int i = 0; i < 10'000; ++i) facts.thrown_at.push_back(i == 0 ? 0 : random());
  try {
    std::rethrow_exception(decode_exception(wire::to_bytes(facts), {.trace = "in task 1"}));
  } catch (const remote_error& e) {
    BOOST_TEST(e.trace().starts_with("in task 1\n#0 a function of a library that is not loaded\n"));
    BOOST_TEST(std::count(e.trace().begin(), e.trace().end(), '\n') == 32);
  }
}

BOOST_AUTO_TEST_CASE(what_the_host_knows_goes_before_what_the_bytes_say) {
  const auto bytes = bytes_of([] { throw 1; });
  try {
    std::rethrow_exception(decode_exception(bytes, {.worker = "real/0", .pid = 12}));
  } catch (const remote_error& e) {
    BOOST_TEST(e.worker() == "real/0");
    BOOST_TEST(e.pid() == 12);
  }
}

BOOST_AUTO_TEST_CASE(damaged_bytes_make_some_exception_and_no_harm) {
  BOOST_CHECK_THROW(std::rethrow_exception(decode_exception({})), serialization_error);
  remote_facts stateless;
  stateless.type = typeid(error).name();
  const auto wrong_state = wire::to_bytes(stateless);
  BOOST_CHECK_THROW(std::rethrow_exception(decode_exception(wrong_state)), serialization_error);

  const char* given = std::getenv("TROUPE_SEED");
  const auto seed = given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  BOOST_TEST_MESSAGE("TROUPE_SEED=" << seed);
  std::mt19937_64 random{seed};
  const std::vector originals{
      bytes_of([] {
        throw std::system_error{1, std::system_category()};
      }),
      bytes_of([] {
        throw http_error{404, "/long/enough"};
      }),
      bytes_of([] {
        throw worker_lost{exit_record{}, 1, 1};
      }),
      bytes_of([] {
        throw std::filesystem::filesystem_error{"x", "/p", {}};
      }),
  };
  for (int round = 0; round < 20'000; ++round) {
    auto bytes = originals[random() % originals.size()];
    for (auto left = 1 + random() % 3; left != 0; --left) {
      bytes[random() % bytes.size()] = static_cast<std::byte>(random() % (round % 2 ? 256 : 4));
    }
    if (random() % 4 == 0) bytes.resize(random() % bytes.size());
    bytes.shrink_to_fit();
    BOOST_TEST_REQUIRE(static_cast<bool>(decode_exception(bytes)));
  }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe
