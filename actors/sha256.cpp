// Part of Troupe; see LICENSE.

#include "troupe/actors/sha256.hpp"

#include "troupe/actors/input_file.hpp"

#include <openssl/evp.h>

#include <array>
#include <memory>
#include <stdexcept>

namespace troupe::actors {
namespace {

constexpr std::size_t read_bytes = 256 * 1024;

struct free_context {
  void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
};
using digest_context = std::unique_ptr<EVP_MD_CTX, free_context>;

void check(int is_done) {
  if (is_done != 1) throw std::runtime_error{"libcrypto cannot compute SHA-256"};
}

std::string hexadecimal(const unsigned char* bytes, std::size_t size) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (std::size_t i = 0; i < size; ++i) {
    text += digits[bytes[i] >> 4U];
    text += digits[bytes[i] & 15U];
  }
  return text;
}

} // namespace

sha256::sha256() : buffer_(read_bytes) {}

std::string sha256::operator()(const std::string& path) {
  input_file file{path};
  const digest_context context{EVP_MD_CTX_new()};
  if (!context) throw std::bad_alloc{};
  check(EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr));
  while (const auto size = file.read(buffer_).value_or(0)) {
    check(EVP_DigestUpdate(context.get(), buffer_.data(), size));
  }
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  check(EVP_DigestFinal_ex(context.get(), digest.data(), &size));
  return checksum_line(hexadecimal(digest.data(), size), path);
}

std::string checksum_line(std::string_view digest, std::string_view path) {
  std::string name;
  for (const char c : path) {
    switch (c) {
    case '\\':
      name += "\\\\";
      break;
    case '\n':
      name += "\\n";
      break;
    case '\r':
      name += "\\r";
      break;
    default:
      name += c;
    }
  }
  const bool is_escaped = name.size() != path.size();
  return (is_escaped ? "\\" : "") + std::string{digest} + "  " + name;
}

} // namespace troupe::actors
