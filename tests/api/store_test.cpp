// SPDX-License-Identifier: Apache-2.0
//
// Snapshots in files: whole or as before, whatever ends the process that writes them.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "../../platforms/store/pintle_store.h"
#include "support/contains.h"
#include "support/scratch_dir.h"
#include "support/tiny_models.h"

namespace pintle::test {
namespace {

std::string saved(const OpenSession& session) {
  size_t size = 0;
  REQUIRE(pintle_session_save(session.get(), nullptr, 0, &size) == PINTLE_OK);
  std::string bytes(size, '\0');
  REQUIRE(pintle_session_save(session.get(), bytes.data(), size, &size) == PINTLE_OK);
  return bytes;
}

struct Read {
  pintle_status status;
  std::string bytes;
  pintle_store_source source;
  std::string message;
};
Read read(const std::string& path) {
  void* data = nullptr;
  size_t size = 0;
  pintle_error error = {};
  Read result = {PINTLE_OK, "", PINTLE_STORE_NEWEST, ""};
  result.status = pintle_store_read(path.c_str(), &data, &size, &result.source, &error);
  if (result.status == PINTLE_OK) result.bytes.assign(static_cast<char*>(data), size);
  result.message = error.message;
  std::free(data);
  return result;
}
pintle_status write(const std::string& path, const std::string& bytes) {
  return pintle_store_write(path.c_str(), bytes.data(), bytes.size(), nullptr);
}
void overwrite(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

TEST_CASE("the newest whole write is what is read") {
  const ScratchDir dir;
  const std::string path = dir.path("person.json");
  const OpenModel model(plain_model().file());
  const std::string first = saved(OpenSession(model, {1})), second = saved(OpenSession(model, {2})),
                    third = saved(OpenSession(model, {3}));
  Read found = read(path);
  CHECK(found.status == PINTLE_ERR_IO);
  CHECK(contains(found.message, path));

  REQUIRE(write(path, first) == PINTLE_OK);
  CHECK(read(path).bytes == first);
  REQUIRE(write(path, second) == PINTLE_OK);
  found = read(path);
  CHECK(found.bytes == second);
  CHECK(found.source == PINTLE_STORE_NEWEST);

  overwrite(path, second.substr(0, second.size() / 2));  // as no writer of ours leaves it
  found = read(path);
  CHECK(found.bytes == first);
  CHECK(found.source == PINTLE_STORE_PREVIOUS);

  // The write that mends it is cut off when both others are damaged or gone.
  overwrite(path + ".new", third);
  unlink((path + ".previous").c_str());
  found = read(path);
  CHECK(found.bytes == third);
  CHECK(found.source == PINTLE_STORE_NEW);
  overwrite(path + ".new", third.substr(1));
  CHECK(read(path).status == PINTLE_ERR_CORRUPT);

  REQUIRE(write(path, third) == PINTLE_OK);
  CHECK(read(path).bytes == third);
  CHECK(pintle_store_remove(path.c_str(), nullptr) == PINTLE_OK);
  CHECK(read(path).status == PINTLE_ERR_IO);
  CHECK(pintle_store_remove(path.c_str(), nullptr) == PINTLE_OK);
}

TEST_CASE("what cannot be written leaves what is there, and says so") {
  const ScratchDir dir;
  const OpenModel model(plain_model().file());
  const std::string bytes = saved(OpenSession(model, {1}));
  pintle_error error = {};
  const std::string nowhere = dir.path("no/such/folder");
  CHECK(pintle_store_write(nowhere.c_str(), bytes.data(), bytes.size(), &error) == PINTLE_ERR_IO);
  CHECK(contains(error.message, "no/such/folder"));
  CHECK(pintle_store_write(nowhere.c_str(), bytes.data(), 0, &error) ==
        PINTLE_ERR_INVALID_ARGUMENT);
  CHECK(pintle_store_write(nullptr, bytes.data(), 5, &error) == PINTLE_ERR_INVALID_ARGUMENT);
  // A folder where the file should go.
  const std::string folder = dir.path("folder");
  REQUIRE(mkdir(folder.c_str(), 0700) == 0);
  CHECK(write(folder, bytes) == PINTLE_ERR_IO);
}

// Appends and writes without end, and tells each write that is done.
[[noreturn]] void write_on(const OpenModel& model, const std::string& path, int tell) {
  OpenSession session(model);
  const Read last = read(path);
  if (last.status == PINTLE_OK) {
    if (pintle_session_restore(session.get(), last.bytes.data(), last.bytes.size(), nullptr) != 0) {
      _exit(2);
    }
  }
  for (;;) {
    const uint32_t item = 7;
    size_t size = 0, count = 0;
    (void)pintle_session_append(session.get(), &item, 1);
    (void)pintle_session_event_count(session.get(), &count);
    char bytes[4096];
    if (pintle_session_save(session.get(), bytes, sizeof(bytes), &size) != PINTLE_OK) _exit(3);
    if (pintle_store_write(path.c_str(), bytes, size, nullptr) != PINTLE_OK) _exit(4);
    if (::write(tell, &count, sizeof(count)) != sizeof(count)) _exit(5);
  }
}

TEST_CASE("1,000 kills at random moments lose no more than the newest event") {
  // In memory where there is such a folder: on a disk nearly every kill would meet the same step, the wait for it.
  const ScratchDir dir;
  const std::string in_memory = "/dev/shm/pintle-store-" + std::to_string(getpid());
  const std::string path = write(in_memory, "x") == PINTLE_OK ? in_memory : dir.path("person.json");
  REQUIRE(pintle_store_remove(path.c_str(), nullptr) == PINTLE_OK);
  const OpenModel model(plain_model().file());
  std::mt19937 random(1);
  size_t written = 0, total_writes = 0;
  for (int kill_number = 0; kill_number < 1000; ++kill_number) {
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      close(ends[0]);
      write_on(model, path, ends[1]);
    }
    close(ends[1]);
    const timespec wait = {0, static_cast<long>(random() % 3000000)};
    nanosleep(&wait, nullptr);
    kill(child, SIGKILL);
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    REQUIRE(WIFSIGNALED(status));
    size_t count = 0;
    while (::read(ends[0], &count, sizeof(count)) == sizeof(count)) {
      written = count;
      ++total_writes;
    }
    close(ends[0]);
    if (written == 0) continue;
    const Read found = read(path);
    REQUIRE(found.status == PINTLE_OK);
    OpenSession session(model);
    REQUIRE(pintle_session_restore(session.get(), found.bytes.data(), found.bytes.size(),
                                   nullptr) == PINTLE_OK);
    size_t events = 0;
    REQUIRE(pintle_session_event_count(session.get(), &events) == PINTLE_OK);
    // What was told is there, and at most the one event more that was being written.
    REQUIRE(events >= written);
    REQUIRE(events <= written + 1);
    written = events;
  }
  CHECK(total_writes > 1000);
  CHECK(pintle_store_remove(path.c_str(), nullptr) == PINTLE_OK);
  MESSAGE(total_writes, " writes between 1000 kills");
}

}  // namespace
}  // namespace pintle::test
