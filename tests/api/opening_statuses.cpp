// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <unistd.h>

#include <memory>
#include <string_view>

#include "api/status_table.h"
#include "support/counting_allocator.h"
#include "support/patch_model.h"
#include "support/scratch_dir.h"
#include "support/split_model.h"
#include "support/tiny_models.h"

namespace pintle::test {
namespace {

using Bytes = std::vector<uint8_t>;
using Open = std::function<pintle_status(const Bytes& file, const pintle_open_options* options)>;

std::string_view text_of(const Bytes& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// The status of a call that makes a model, which goes again.
template <typename Call>
pintle_status opened(const Call& call) {
  pintle_model* model = nullptr;
  const pintle_status status = call(&model);
  pintle_model_close(model);
  return status;
}

pintle_status open_file(const std::string& path, const pintle_open_options* options) {
  return opened([&](pintle_model** model) {
    return pintle_model_open_file(path.c_str(), options, model, nullptr);
  });
}
pintle_status open_written_file(const Bytes& file, const pintle_open_options* options) {
  const ScratchDir folder;
  return open_file(folder.write("m.pintle", text_of(file)), options);
}

// `file` behind one byte, so that it is copied; `missing` bytes of it are not there.
pintle_status open_descriptor(const Bytes& file, const pintle_open_options* options,
                              size_t missing = 0) {
  const ScratchDir folder;
  const std::string path =
      folder.write("m", "x" + std::string(text_of(file).substr(0, file.size() - missing)));
  const int fd = ::open(path.c_str(), O_RDONLY);
  const pintle_status status = opened([&](pintle_model** model) {
    return pintle_model_open_fd(fd, 1, file.size(), options, model, nullptr);
  });
  ::close(fd);
  return status;
}

pintle_status open_memory(const Bytes& file, const pintle_open_options* options) {
  const AlignedBytes bytes(file);
  return opened([&](pintle_model** model) {
    return pintle_model_open_memory(bytes.data(), bytes.size(), options, model, nullptr);
  });
}

// What the ways to open have in common: files sound and damaged, and options.
std::vector<StatusCase> cases_of(const Bytes& sound, const Open& open) {
  using Patch = std::function<void(ModelPatch & patch, const fb::Model& model)>;
  const auto damaged = [sound, open](const Patch& patch) {
    return [sound, open, patch] {
      Bytes file = sound;
      ModelPatch writer(&file);
      patch(writer, writer.root());
      pintle_open_options options = PINTLE_OPEN_OPTIONS_INIT;
      options.flags = PINTLE_OPEN_VERIFY_ALL;
      return open(file, &options);
    };
  };
  TinyModel other = plain_model(7);
  const Bytes delta = delta_file(other.file(), delta_of(part_of_model(other, 3, 5), {3, 4}));
  return {
      {PINTLE_ERR_OTHER_MODEL,
       [=] {
         pintle_open_options options = PINTLE_OPEN_OPTIONS_INIT;
         const AlignedBytes bytes(delta);
         options.delta = bytes.data();
         options.delta_size_bytes = bytes.size();
         return open(sound, &options);
       }},
      {PINTLE_OK, damaged([](ModelPatch&, const fb::Model&) {})},
      {PINTLE_ERR_INVALID_ARGUMENT,
       [=] {
         pintle_open_options options = PINTLE_OPEN_OPTIONS_INIT;
         options.flags = 1u << 31;
         return open(sound, &options);
       }},
      {PINTLE_ERR_UNKNOWN_ISA,
       [=] {
         pintle_open_options options = PINTLE_OPEN_OPTIONS_INIT;
         options.isa = "none such";
         return open(sound, &options);
       }},
      {PINTLE_ERR_OUT_OF_MEMORY,
       [=] {
         const CountingAllocator none(1);
         const pintle_open_options options = none.options();
         return open(sound, &options);
       }},
      {PINTLE_ERR_NOT_A_MODEL,
       [=] {
         const std::string_view text = "a letter to nobody, in plain words";
         return open(Bytes(text.begin(), text.end()), nullptr);
       }},
      {PINTLE_ERR_NEWER_FORMAT, damaged([](ModelPatch& p, const fb::Model& m) {
         p.set(&m, fb::Model::VT_FORMAT_MAJOR, uint16_t{99});
       })},
      {PINTLE_ERR_CORRUPT, damaged([](ModelPatch& p, const fb::Model& m) {
         p.set(&m, fb::Model::VT_FILE_SIZE, m.file_size() + 64);
       })},
      {PINTLE_ERR_CHECKSUM, damaged([](ModelPatch& p, const fb::Model& m) {
         p.data(m.catalogue()->titles()->bytes(), 3, 'Q', false);
       })},
      {PINTLE_ERR_UNSUPPORTED, damaged([](ModelPatch& p, const fb::Model& m) {
         p.set(m.architecture(), fb::Architecture::VT_DIM, 1u << 20);
       })},
      {PINTLE_ERR_OTHER_NETWORK, damaged([](ModelPatch& p, const fb::Model& m) {
         const fb::Sae* sae = m.saes()->Get(1);
         p.set(sae, fb::Sae::VT_NETWORK_HASH, sae->network_hash() ^ 1u);
       })},
  };
}

}  // namespace

StatusTable opening_statuses() {
  const Bytes sound = steerable_model(plain_model().network).file();
  StatusTable table = {
      {"pintle_model_open_file", cases_of(sound, open_written_file)},
      {"pintle_model_open_fd", cases_of(sound,
                                        [](const Bytes& file, const pintle_open_options* options) {
                                          return open_descriptor(file, options);
                                        })},
      {"pintle_model_open_memory", cases_of(sound, open_memory)}};
  table[0].cases.push_back(
      {PINTLE_ERR_IO, [] { return open_file(ScratchDir().path("absent"), nullptr); }});
  table[2].cases.push_back({PINTLE_ERR_IO, [=] {
                              pintle_open_options options = PINTLE_OPEN_OPTIONS_INIT;
                              const std::string absent = ScratchDir().path("absent");
                              options.delta_path = absent.c_str();
                              return open_memory(sound, &options);
                            }});
  table[1].cases.push_back({PINTLE_ERR_IO, [=] { return open_descriptor(sound, nullptr, 1); }});
  return table;
}

}  // namespace pintle::test
