// SPDX-License-Identifier: Apache-2.0
//
// Every argument error of pintle.h: its status, and outputs that stay untouched.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "support/scratch_dir.h"
#include "support/tiny_models.h"

namespace pintle::test {
namespace {

pintle_model* const kNoModel = nullptr;

std::vector<uint8_t> steerable_file() { return steerable_model(plain_model().network).file(); }

// A value that no call writes.
template <typename T>
T marked() {
  T value;
  std::memset(static_cast<void*>(&value), 0x6B, sizeof(value));
  return value;
}
template <typename T>
bool is_marked(const T& value) {
  const T mark = marked<T>();
  return std::memcmp(&value, &mark, sizeof(T)) == 0;
}

TEST_CASE("opening: null pointers, options, alignment, ISA") {
  const std::vector<uint8_t> file = steerable_file();
  const AlignedBytes bytes(file), shifted(file, 32);
  ScratchDir folder;
  const std::string path =
      folder.write("m.pintle", {reinterpret_cast<const char*>(file.data()), file.size()});
  pintle_model* model = kNoModel;
  pintle_error error = {};
  pintle_open_options options = PINTLE_OPEN_OPTIONS_INIT;
  const auto from_memory = [&](const void* data, size_t size) {
    return pintle_model_open_memory(data, size, &options, &model, &error);
  };
  CHECK(from_memory(nullptr, 10) == PINTLE_ERR_INVALID_ARGUMENT);
  CHECK(from_memory(shifted.data(), shifted.size()) == PINTLE_OK);  // copied
  pintle_model_close(model);
  model = kNoModel;
  CHECK(from_memory(bytes.data(), 0) == PINTLE_ERR_NOT_A_MODEL);
  CHECK(pintle_model_open_memory(bytes.data(), bytes.size(), nullptr, nullptr, nullptr) ==
        PINTLE_ERR_INVALID_ARGUMENT);
  CHECK(pintle_model_open_file(nullptr, nullptr, &model, nullptr) == PINTLE_ERR_INVALID_ARGUMENT);
  CHECK(pintle_model_open_file(path.c_str(), nullptr, nullptr, nullptr) ==
        PINTLE_ERR_INVALID_ARGUMENT);
  CHECK(pintle_model_open_fd(-1, 0, 10, nullptr, &model, nullptr) == PINTLE_ERR_INVALID_ARGUMENT);
  for (const uint32_t size : {0u, 4u, 9u, 1u << 20}) {
    options.struct_size = size;
    CHECK(from_memory(bytes.data(), bytes.size()) == PINTLE_ERR_INVALID_ARGUMENT);
  }
  options = PINTLE_OPEN_OPTIONS_INIT;
  options.flags = 16;
  CHECK(from_memory(bytes.data(), bytes.size()) == PINTLE_ERR_INVALID_ARGUMENT);
  options.flags = 0;
  for (const char* isa : {"sse9", "", "SCALAR", "scalar "}) {
    options.isa = isa;
    CHECK(from_memory(bytes.data(), bytes.size()) == PINTLE_ERR_UNKNOWN_ISA);
    CHECK(error.status == PINTLE_ERR_UNKNOWN_ISA);
    CHECK(std::strstr(error.message, isa) != nullptr);
  }
  CHECK(model == kNoModel);
}

TEST_CASE("PINTLE_FORCE_ISA chooses the kernels, and an unknown one is an error") {
  const std::vector<uint8_t> file = plain_model().file();
  const AlignedBytes bytes(file);
  const char* before = std::getenv("PINTLE_FORCE_ISA");
  const std::string kept = before == nullptr ? "" : before;
  pintle_model* model = kNoModel;
  ::setenv("PINTLE_FORCE_ISA", "mmx", 1);
  CHECK(pintle_model_open_memory(bytes.data(), bytes.size(), nullptr, &model, nullptr) ==
        PINTLE_ERR_UNKNOWN_ISA);
  CHECK(model == kNoModel);
  ::setenv("PINTLE_FORCE_ISA", "scalar", 1);
  CHECK(std::string(OpenModel(file).info().isa) == "scalar");
  ::unsetenv("PINTLE_FORCE_ISA");
  for (const std::string& isa : isas_under_test()) {
    CHECK(OpenModel(file, isa).info().isa == isa);
    ::setenv("PINTLE_FORCE_ISA", isa.c_str(), 1);
    CHECK(OpenModel(file).info().isa == isa);
    CHECK(std::string(OpenModel(file, "scalar").info().isa) == "scalar");  // options come first
    ::unsetenv("PINTLE_FORCE_ISA");
  }
  if (before != nullptr) ::setenv("PINTLE_FORCE_ISA", kept.c_str(), 1);
}

TEST_CASE("files and descriptors: missing, not regular, offsets, lengths") {
  ScratchDir folder;
  const std::vector<uint8_t> file = plain_model().file();
  const std::string bytes(file.begin(), file.end());
  const std::string text = folder.write("text", "not a model at all"),
                    empty = folder.write("empty", ""),
                    padded = folder.write("padded", std::string(100, 'x') + bytes + "tail"),
                    aligned = folder.write("aligned", std::string(4160, 'x') + bytes);
  pintle_model* model = kNoModel;
  pintle_error error = {};
  const auto from_file = [&](const std::string& path) {
    return pintle_model_open_file(path.c_str(), nullptr, &model, &error);
  };
  CHECK(from_file(folder.path("absent")) == PINTLE_ERR_IO);
  CHECK(std::strstr(error.message, "absent") != nullptr);
  CHECK(from_file(folder.path("")) == PINTLE_ERR_IO);  // a folder
  CHECK(from_file(text) == PINTLE_ERR_NOT_A_MODEL);
  CHECK(from_file(empty) == PINTLE_ERR_NOT_A_MODEL);
  const int fd = ::open(padded.c_str(), O_RDONLY), fd_aligned = ::open(aligned.c_str(), O_RDONLY);
  REQUIRE(fd >= 0);
  const auto from_fd = [&](int from, uint64_t offset, uint64_t length) {
    return pintle_model_open_fd(from, offset, length, nullptr, &model, &error);
  };
  CHECK(from_fd(fd, 100, file.size() + 5) == PINTLE_ERR_IO);
  CHECK(from_fd(fd, UINT64_MAX, 1) == PINTLE_ERR_IO);
  CHECK(from_fd(fd, 1, UINT64_MAX) == PINTLE_ERR_IO);
  CHECK(from_fd(fd, 0, 0) == PINTLE_ERR_NOT_A_MODEL);
  CHECK(from_fd(fd, 64, file.size()) == PINTLE_ERR_NOT_A_MODEL);
  CHECK(from_fd(fd, 100, file.size() - 1) == PINTLE_ERR_CORRUPT);
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  CHECK(from_fd(ends[0], 0, 10) == PINTLE_ERR_IO);
  CHECK(from_fd(12345, 0, 10) == PINTLE_ERR_IO);
  CHECK(model == kNoModel);

  // Copied for its alignment, and mapped at an offset that is no page's.
  REQUIRE(from_fd(fd, 100, file.size()) == PINTLE_OK);
  pintle_model_close(model);
  REQUIRE(from_fd(fd_aligned, 4160, file.size()) == PINTLE_OK);
  ::close(fd_aligned);
  pintle_model_info info = PINTLE_MODEL_INFO_INIT;
  CHECK(pintle_model_get_info(model, &info) == PINTLE_OK);
  CHECK(info.file_size_bytes == file.size());
  pintle_model_close(model);
  pintle_model_close(nullptr);
  for (const int descriptor : {fd, ends[0], ends[1]}) ::close(descriptor);
}

TEST_CASE("reading a model: null pointers, struct sizes, numbers and names that it lacks") {
  const OpenModel open(steerable_file());
  const pintle_model* model = open.get();
  auto info = marked<pintle_model_info>();
  CHECK(pintle_model_get_info(model, &info) == PINTLE_ERR_INVALID_ARGUMENT);
  CHECK(is_marked(info));
  auto item = marked<pintle_item_info>();
  CHECK(pintle_model_get_item(model, 0, &item) == PINTLE_ERR_INVALID_ARGUMENT);
  auto sae = marked<pintle_sae_info>();
  CHECK(pintle_model_get_sae(model, 0, &sae) == PINTLE_ERR_INVALID_ARGUMENT);
  auto feature = marked<pintle_feature_info>();
  CHECK(pintle_model_get_feature(model, 0, 0, &feature) == PINTLE_ERR_INVALID_ARGUMENT);
  auto knob = marked<pintle_knob_info>();
  CHECK(pintle_model_get_knob(model, 0, &knob) == PINTLE_ERR_INVALID_ARGUMENT);
  item.struct_size = sizeof(item);
  sae.struct_size = sizeof(sae);
  feature.struct_size = sizeof(feature);
  knob.struct_size = sizeof(knob);
  const auto item_before = item;
  CHECK(pintle_model_get_item(model, 37, &item) == PINTLE_ERR_UNKNOWN_ITEM);
  CHECK(pintle_model_get_item(model, UINT32_MAX, &item) == PINTLE_ERR_UNKNOWN_ITEM);
  CHECK(std::memcmp(&item, &item_before, sizeof(item)) == 0);
  CHECK(pintle_model_get_sae(model, 3, &sae) == PINTLE_ERR_UNKNOWN_NAME);
  CHECK(pintle_model_get_feature(model, 3, 0, &feature) == PINTLE_ERR_UNKNOWN_NAME);
  CHECK(pintle_model_get_feature(model, 0, 21, &feature) == PINTLE_ERR_UNKNOWN_NAME);
  CHECK(pintle_model_get_knob(model, 3, &knob) == PINTLE_ERR_UNKNOWN_NAME);
  pintle_attribute_info attribute = PINTLE_ATTRIBUTE_INFO_INIT;
  attribute.name = "kept";
  CHECK(pintle_model_get_attribute(model, 3, &attribute) == PINTLE_ERR_UNKNOWN_NAME);
  CHECK(std::string(attribute.name) == "kept");
  uint32_t number = 77;
  CHECK(pintle_model_find_knob(model, "Noir", &number) == PINTLE_ERR_UNKNOWN_NAME);
  CHECK(pintle_model_find_preset(model, "", &number) == PINTLE_ERR_UNKNOWN_NAME);
  CHECK(pintle_model_find_knob(model, nullptr, &number) == PINTLE_ERR_INVALID_ARGUMENT);
  CHECK(pintle_model_find_text_id(model, nullptr, 0, &number) == PINTLE_ERR_INVALID_ARGUMENT);
  CHECK(pintle_model_find_text_id(model, "x", 1, nullptr) == PINTLE_ERR_INVALID_ARGUMENT);
  size_t count = 77;
  pintle_preset_info preset = PINTLE_PRESET_INFO_INIT;
  CHECK(pintle_model_get_preset(model, 1, &preset) == PINTLE_ERR_UNKNOWN_NAME);
  CHECK(pintle_model_get_preset(model, 0, nullptr) == PINTLE_ERR_INVALID_ARGUMENT);
  CHECK(pintle_model_get_preset_edits(model, 1, nullptr, 0) == PINTLE_ERR_UNKNOWN_NAME);
  CHECK(pintle_model_get_preset_edits(model, 0, nullptr, 1) == PINTLE_ERR_INVALID_ARGUMENT);
  CHECK(number == 77);
  CHECK(preset.edit_count == 0);
  CHECK(pintle_model_get_preset(model, 0, &preset) == PINTLE_OK);
  CHECK(preset.edit_count == 2);
  CHECK(pintle_model_get_info(nullptr, &info) == PINTLE_ERR_INVALID_ARGUMENT);
  CHECK(pintle_model_get_item(nullptr, 0, &item) == PINTLE_ERR_INVALID_ARGUMENT);
  CHECK(pintle_session_memory(nullptr, &count) == PINTLE_ERR_INVALID_ARGUMENT);
  CHECK(pintle_session_memory(model, nullptr) == PINTLE_ERR_INVALID_ARGUMENT);
}

TEST_CASE("statuses have names") {
  CHECK(std::string(pintle_status_name(PINTLE_OK)) == "PINTLE_OK");
  CHECK(std::string(pintle_status_name(PINTLE_ERR_OUT_OF_MEMORY)) == "PINTLE_ERR_OUT_OF_MEMORY");
  CHECK(std::string(pintle_status_name(PINTLE_ERR_OTHER_NETWORK)) == "PINTLE_ERR_OTHER_NETWORK");
  CHECK(std::string(pintle_status_name(static_cast<pintle_status>(99))) == "unknown status");
  const std::string version = std::to_string(PINTLE_VERSION_MAJOR) + "." +
                              std::to_string(PINTLE_VERSION_MINOR) + "." +
                              std::to_string(PINTLE_VERSION_PATCH);
  CHECK(pintle_version() == version);
}

}  // namespace
}  // namespace pintle::test
