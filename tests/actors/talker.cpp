// Part of Troupe; see LICENSE.

// A command for the tests of exec. talker MODE [ARGUMENT]:
//   echo          each line back, with '>' before it
//   die TEXT      as echo, but aborts when it reads TEXT
//   hoard TEXT    as die, but writes only when it has read 64 lines or the end: its answers are
//                 lost
//   toll FILE     as echo, but notes each line in FILE, and aborts after "poison"
//   double TEXT   as echo, but replies twice when it reads TEXT
//   banner TEXT   TEXT before it reads anything, then echo
//   parting TEXT  as echo, and TEXT after the end of the input
//   open          as echo, but the reply to "last" has no line feed, and it ends with 0
//   cut           as open, but it aborts instead
//   head N        the first N lines, then exit 0
//   fail N        exit N at once
//   read N        reads a line, then exit N
//   usage N       a line before it reads anything, then exit N
//   match TEXT    lines that contain TEXT; exit 1 when there was none
//   flood N       N long lines before it reads anything, then echo
//   swap          envelopes, answered in pairs and the second first
//   envelope      envelopes: "no" is an error, "never" a final one, "two" gives two, "none" none
//   chatter       as envelope, with lines that answer nothing
//   twice         as envelope, and each answer comes once more before the next
//   stray         as envelope, and before each answer comes one to a message that was never sent
//   say TEXT      answers each envelope with TEXT as its data

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

namespace {

bool read_line(std::string& line) {
  return static_cast<bool>(std::getline(std::cin, line));
}

void say(const std::string& line) {
  std::cout << line << std::endl;
}

int echo(const std::string& deadly, std::size_t hoard) {
  std::vector<std::string> held;
  const auto flush = [&] {
    for (const auto& each : held) std::cout << '>' << each << '\n';
    std::cout.flush();
    held.clear();
  };
  for (std::string line; read_line(line);) {
    if (!deadly.empty() && line == deadly) std::abort();
    held.push_back(line);
    if (held.size() >= hoard || std::cin.rdbuf()->in_avail() <= 0) flush();
  }
  flush();
  return 0;
}

int match(const std::string& text) {
  bool has_found = false;
  for (std::string line; read_line(line);) {
    if (line.find(text) == std::string::npos) continue;
    has_found = true;
    std::cout << line << '\n';
  }
  return has_found ? 0 : 1;
}

std::string id_of(const std::string& line) {
  const auto begin = line.find(':') + 1;
  return line.substr(begin, line.find(',') - begin);
}

std::string data_of(const std::string& line) {
  const auto begin = line.find("\"data\": ") + 8;
  return line.substr(begin, line.size() - begin - 1);
}

std::string reply_to(const std::string& line) {
  const auto data = data_of(line);
  const auto begin = "{\"id\": " + id_of(line) + ", ";
  if (data == "\"no\"") return begin + "\"error\": \"said no\"}";
  if (data == "\"never\"") return begin + "\"error\": \"said never\", \"retry\": false}";
  if (data == "\"two\"") return begin + "\"data\": [\"two-1\", \"two-2\"]}";
  if (data == "\"none\"") return begin + "\"data\": []}";
  return begin + "\"data\": " + data + "}";
}

int envelope(bool chatters) {
  say("{\"ready\": true}");
  for (std::string line; read_line(line);) {
    if (chatters) say("I am thinking");
    say(reply_to(line));
  }
  return 0;
}

int toll(const std::string& path) {
  for (std::string line; read_line(line);) {
    std::ofstream{path, std::ios::app} << line << '\n';
    if (line == "poison") std::abort();
    say('>' + line);
  }
  return 0;
}

int double_reply(const std::string& text) {
  for (std::string line; read_line(line);) {
    std::cout << '>' << line << '\n';
    if (line == text) std::cout << '>' << line << '\n';
    std::cout.flush();
  }
  return 0;
}

// The reply to "last" has no line feed.
int reply_openly(bool aborts) {
  for (std::string line; read_line(line);) {
    std::cout << '>' << line;
    if (line == "last") {
      std::cout.flush();
      if (aborts) std::abort();
      return 0;
    }
    std::cout << std::endl;
  }
  return 0;
}

int part_with(const std::string& text) {
  for (std::string line; read_line(line);) say('>' + line);
  say(text);
  return 0;
}

int twice() {
  std::string last;
  for (std::string line; read_line(line);) {
    if (!last.empty()) std::cout << last << '\n';
    last = reply_to(line);
    say(last);
  }
  return 0;
}

int stray() {
  for (std::string line; read_line(line);) {
    std::cout << "{\"id\": 4294967296, \"data\": \"stray\"}\n";
    say(reply_to(line));
  }
  return 0;
}

int answer_with(const std::string& data) {
  for (std::string line; read_line(line);)
    say("{\"id\": " + id_of(line) + ", \"data\": " + data + "}");
  return 0;
}

int swap() {
  std::string first;
  std::string second;
  while (read_line(first)) {
    if (std::cin.rdbuf()->in_avail() > 0 && read_line(second)) say(reply_to(second));
    say(reply_to(first));
  }
  return 0;
}

} // namespace

int main(int argc, char** argv) {
  std::ios::sync_with_stdio(false);
  const std::string mode = argc > 1 ? argv[1] : "echo";
  const std::string argument = argc > 2 ? argv[2] : "";
  if (mode == "die") return echo(argument, 1);
  if (mode == "hoard") return echo(argument, 64);
  if (mode == "match") return match(argument);
  if (mode == "envelope") return envelope(false);
  if (mode == "chatter") return envelope(true);
  if (mode == "swap") return swap();
  if (mode == "toll") return toll(argument);
  if (mode == "double") return double_reply(argument);
  if (mode == "parting") return part_with(argument);
  if (mode == "open" || mode == "cut") return reply_openly(mode == "cut");
  if (mode == "twice") return twice();
  if (mode == "stray") return stray();
  if (mode == "say") return answer_with(argument);
  if (mode == "usage") say("usage: talker");
  if (mode == "read") {
    std::string line;
    read_line(line);
  }
  if (mode == "read" || mode == "usage" || mode == "fail") return std::atoi(argument.c_str());
  if (mode == "head") {
    std::string line;
    for (int left = std::atoi(argument.c_str()); left > 0 && read_line(line); --left) say(line);
    return 0;
  }
  if (mode == "banner") say(argument);
  if (mode == "flood") {
    for (int left = std::atoi(argument.c_str()); left > 0; --left) say(std::string(4000, 'f'));
  }
  return echo("", 1);
}
