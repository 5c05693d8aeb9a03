// SPDX-License-Identifier: Apache-2.0
#include "converter/io/output_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "converter/io/error.h"

namespace pintle::converter {
namespace {

Error system_error(const std::string& what, const std::string& path, int code) {
  std::string advice;
  if (code == ENOSPC || code == EDQUOT) advice = ": the disk is full; free some space";
  if (code == EFBIG) advice = ": the file would grow past the allowed size (ulimit -f)";
  return Error(what + " " + path + ": " + std::strerror(code) + advice);
}

// Closes a descriptor that is still open when it goes out of scope.
class Descriptor {
 public:
  explicit Descriptor(int value) : value_(value) {}
  ~Descriptor() {
    if (value_ >= 0) ::close(value_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return value_; }
  int close() {
    const int result = ::close(value_);
    value_ = -1;
    return result;
  }

 private:
  int value_;
};

}  // namespace

void write_all(int descriptor, const void* data, size_t size_bytes, const std::string& path) {
  constexpr size_t kPiece = size_t{1} << 26;  // some systems refuse 2 GiB and more at once
  const char* next = static_cast<const char*>(data);
  while (size_bytes > 0) {
    const ssize_t written = ::write(descriptor, next, std::min(size_bytes, kPiece));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw system_error("cannot write", path, errno);
    next += written;
    size_bytes -= static_cast<size_t>(written);
  }
}

OutputFile::OutputFile(const std::string& target) : target_(target) {
  namespace fs = std::filesystem;
  std::error_code ignored;
  const fs::file_status status = fs::status(target, ignored);
  if (fs::exists(status) && !fs::is_regular_file(status)) {
    throw Error("cannot write " + target + ": it exists and is not a regular file");
  }
  // Through a link the file that it points to is replaced, not the link.
  const fs::path real = fs::exists(status) ? fs::canonical(target, ignored) : fs::path(target);
  target_ = real.string();
  const std::string name = "." + real.filename().string() + "." + std::to_string(::getpid());
  temporary_ = (real.parent_path() / (name + ".tmp")).string();
}

OutputFile::~OutputFile() {
  if (created_) ::unlink(temporary_.c_str());
}

void OutputFile::write(const std::vector<uint8_t>& bytes) {
  const int flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | (created_ ? 0 : O_EXCL);
  Descriptor file(::open(temporary_.c_str(), flags, 0666));
  if (file.get() < 0) throw system_error("cannot create", temporary_, errno);
  created_ = true;
  write_all(file.get(), bytes.data(), bytes.size(), temporary_);
  if (::fsync(file.get()) != 0) throw system_error("cannot flush", temporary_, errno);
  if (file.close() != 0) throw system_error("cannot close", temporary_, errno);
}

void OutputFile::commit() {
  if (std::rename(temporary_.c_str(), target_.c_str()) != 0) {
    throw system_error("cannot rename " + temporary_ + " to", target_, errno);
  }
  created_ = false;
}

}  // namespace pintle::converter
