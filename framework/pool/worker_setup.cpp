// Part of Troupe; see LICENSE.

#include "troupe/pool/worker_setup.hpp"

#include "troupe/ipc/wire.hpp"

#include <stdexcept>

namespace troupe {

std::vector<std::byte> encode_setup(const worker_setup& setup) {
  std::vector<std::byte> out(wire::encoded_size(setup.pool, setup.slot, setup.incarnation,
                                                setup.initializer_code, setup.initializer_payload));
  wire::encode(out, setup.pool, setup.slot, setup.incarnation, setup.initializer_code,
               setup.initializer_payload);
  return out;
}

worker_setup decode_setup(std::span<const std::byte> bytes) {
  wire::reader in{bytes};
  worker_setup out;
  if (!(in.read(out.pool) && in.read(out.slot) && in.read(out.incarnation) &&
        in.read(out.initializer_code) && in.read(out.initializer_payload) && in.at_end())) {
    throw std::runtime_error{"the worker's setup is malformed; host and worker differ in version"};
  }
  return out;
}

} // namespace troupe
