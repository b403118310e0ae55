// Part of Troupe; see LICENSE.

// Workers for the tests, written as users write them; each may die inside its work.

#include "test_workers.hpp"

#include "fake_world.hpp"

#include "troupe/pipeline/worker.hpp"

#include <algorithm>
#include <cstring>
#include <map>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

namespace troupe::test {

pipeline::channel_spec channel(std::string name, std::size_t capacity) {
  pipeline::channel_spec spec;
  spec.name = std::move(name);
  spec.type = "string";
  spec.capacity = capacity;
  return spec;
}

pipeline::stage_spec stage(std::string name, std::string worker, std::vector<std::string> inputs,
                           std::vector<std::string> outputs, std::string config) {
  pipeline::stage_spec spec;
  spec.name = std::move(name);
  spec.worker.name = std::move(worker);
  spec.worker.config_json = std::move(config);
  spec.inputs = std::move(inputs);
  spec.outputs = std::move(outputs);
  return spec;
}

std::string blob(std::uint64_t seed, std::uint64_t number) {
  constexpr std::size_t piece = pipeline::payload_bytes_max;
  constexpr std::size_t near = 40; // More than all heads in front of a message.
  std::mt19937_64 random{seed * 1000003 + number};
  const auto size = (number % 8 == 0 ? 3 : 1) * piece + random() % (2 * near) - near;
  std::string bytes(size, '\0');
  for (std::size_t i = 0; i + 8 <= size; i += 8) {
    const auto word = random();
    std::memcpy(bytes.data() + i, &word, sizeof(word));
  }
  const auto value = static_cast<char>(seed + number);
  for (std::size_t border = piece; border < size + near; border += piece) {
    const auto begin = border - near;
    std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(begin),
                std::min(2 * near, size - begin), value);
  }
  return bytes;
}

namespace {

/// Counts from 0 to config.count.
class numbers {
public:
  explicit numbers(const worker_config& config) : count_{config.number("count", 100)} {}
  bool produce(emitter& out) {
    maybe_die();
    if (next_ < count_) out.emit(std::to_string(next_++));
    return next_ < count_;
  }
  [[nodiscard]] std::int64_t save() const { return next_; }
  void load(const std::int64_t& at) { next_ = at; }

private:
  std::int64_t count_;
  std::int64_t next_ = 0;
};
TROUPE_WORKER(numbers);

/// Gives blobs as `blob` makes them.
class blobs {
public:
  explicit blobs(const worker_config& config)
      : seed_{static_cast<std::uint64_t>(config.number("seed", 0))},
        count_{static_cast<std::uint64_t>(config.number("count", 0))} {}
  bool produce(emitter& out) {
    maybe_die();
    if (next_ < count_) out.emit(blob(seed_, next_++));
    return next_ < count_;
  }
  [[nodiscard]] std::uint64_t save() const { return next_; }
  void load(const std::uint64_t& at) { next_ = at; }

private:
  std::uint64_t seed_;
  std::uint64_t count_;
  std::uint64_t next_ = 0;
};
TROUPE_WORKER(blobs);

/// Keeps every message, and gives them all at the end: its state grows long.
class keep {
public:
  void add(const std::string& message) {
    all_.push_back(message);
    maybe_die();
  }
  void emit(emitter& out) const {
    for (const auto& each : all_) out.emit(each);
  }
  [[nodiscard]] const std::vector<std::string>& save() const { return all_; }
  void load(const std::vector<std::string>& all) { all_ = all; }

private:
  std::vector<std::string> all_;
};
TROUPE_WORKER(keep);

std::string echo(const std::string& line) {
  maybe_die();
  return line;
}
TROUPE_WORKER(echo);

std::optional<std::string> odd_only(std::string_view line) {
  maybe_die();
  if ((line.back() - '0') % 2 == 0) return std::nullopt;
  return std::string{line};
}
TROUPE_WORKER(odd_only);

std::vector<std::string> twice(const std::string& line) {
  maybe_die();
  return {line + "a", line + "b"};
}
TROUPE_WORKER(twice);

struct point {
  std::int64_t x = 0;
  std::string label;
};
point to_point(const std::string& line) {
  return {std::stoll(line), "p" + line};
}
TROUPE_WORKER(to_point);
std::string from_point(const point& p) {
  return p.label + "=" + std::to_string(p.x);
}
TROUPE_WORKER(from_point);
std::string from_number(const std::int64_t& n) {
  return std::to_string(n);
}
TROUPE_WORKER(from_number);

/// Fails, or dies, on the message that its config names.
class picky {
public:
  explicit picky(const worker_config& config)
      : throws_on_{config.text("throws_on", "")}, dies_on_{config.text("dies_on", "")},
        stops_on_{config.text("stops_on", "")}, text_{config.text("text", "")} {}
  void operator()(const std::string& line, emitter& out) const {
    out.emit(line + "?"); // Must not be seen when the message fails.
    if (line == throws_on_)
      throw std::runtime_error{text_.empty() ? "cannot stand " + line : text_};
    if (line == dies_on_) die();
    if (line == stops_on_) throw stage_failed{"the disk is full"};
  }

private:
  std::string throws_on_;
  std::string dies_on_;
  std::string stops_on_;
  std::string text_; // What it says then.
};
TROUPE_WORKER(picky);

/// Gives `line` copies of itself, a few at a time.
class unfold {
public:
  bool expand(const std::string& line, std::string& cursor, emitter& out) const {
    const auto count = std::stoi(line);
    auto at = cursor.empty() ? 0 : std::stoi(cursor);
    const auto stop = std::min(at + 3, count);
    for (; at < stop; ++at) {
      maybe_die();
      out.emit(line + "." + std::to_string(at));
    }
    cursor = std::to_string(at);
    return at < count;
  }
};
TROUPE_WORKER(unfold);

/// One message into one very long one.
std::string inflate(const std::string& line) {
  return std::string(3 << 20, line.front());
}
TROUPE_WORKER(inflate);
std::string length_of(std::string_view line) {
  return std::string{line.front()} + std::to_string(line.size());
}
TROUPE_WORKER(length_of);

/// Counts equal messages.
class tally {
public:
  explicit tally(const worker_config& config)
      : padding_(static_cast<std::size_t>(config.number("padding", 0)), 'x'),
        throws_on_{config.text("throws_on", "")} {}
  void add(const std::string& line) {
    ++table_[line];
    maybe_die();
    if (line == throws_on_) throw std::runtime_error{"cannot count " + line};
  }
  void emit(emitter& out) const {
    for (const auto& [line, count] : table_) {
      if (out.size().count == table_.size() / 2) maybe_die();
      out.emit(line + "=" + std::to_string(count) + padding_);
    }
  }
  [[nodiscard]] std::map<std::string, std::uint64_t> save() const { return table_; }
  void load(const std::map<std::string, std::uint64_t>& table) { table_ = table; }

private:
  std::map<std::string, std::uint64_t> table_;
  std::string padding_;
  std::string throws_on_;
};
TROUPE_WORKER(tally);

/// Appends to a simulated file; what was written and not committed is cut off.
class to_file {
public:
  explicit to_file(const worker_config& config)
      : path_{config.text("path")}, throws_on_{config.text("throws_on", "")} {
    if (path_ == "/missing") throw stage_failed{"cannot open /missing: no such file"};
  }
  void write(std::string_view line) {
    auto& file = files()[path_];
    file.append(line.substr(0, line.size() / 2));
    maybe_die();
    if (!throws_on_.empty() && line == throws_on_) throw std::runtime_error{"cannot write it"};
    file.append(line.substr(line.size() / 2));
    file += '\n';
  }
  [[nodiscard]] std::uint64_t save() const { return files()[path_].size(); }
  void load(const std::uint64_t& length) {
    auto& file = files()[path_];
    if (length > file.size()) throw std::runtime_error{"a committed length beyond the file"};
    file.resize(length);
  }

private:
  std::string path_;
  std::string throws_on_;
};
TROUPE_WORKER(to_file);

} // namespace
} // namespace troupe::test
