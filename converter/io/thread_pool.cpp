// SPDX-License-Identifier: Apache-2.0
#include "converter/io/thread_pool.h"

#include <atomic>
#include <exception>
#include <string>
#include <unsupported/Eigen/CXX11/ThreadPool>
#include <vector>

#include "converter/io/error.h"

namespace pintle::converter {
namespace {

int checked_size(int size) {
  if (size >= 1 && size <= kMostThreads) return size;
  throw Error("the number of threads, " + std::to_string(size) + ", is out of range: 1 to " +
              std::to_string(kMostThreads));
}

}  // namespace

ThreadPool::ThreadPool(int size)
    : size_(checked_size(size)), others_(std::make_unique<Eigen::ThreadPool>(size - 1)) {}

ThreadPool::~ThreadPool() = default;

void ThreadPool::run(const std::function<void(int)>& job) {
  std::vector<std::exception_ptr> failures(static_cast<size_t>(size_));
  const auto attempt = [&](int worker) {
    try {
      job(worker);
    } catch (...) {
      failures[static_cast<size_t>(worker)] = std::current_exception();
    }
  };
  Eigen::Barrier done(static_cast<unsigned>(size_ - 1));
  for (int worker = 1; worker < size_; ++worker) {
    others_->Schedule([&, worker] {
      attempt(worker);
      done.Notify();
    });
  }
  attempt(0);
  done.Wait();
  for (const std::exception_ptr& failure : failures) {
    if (failure) std::rethrow_exception(failure);
  }
}

void ThreadPool::for_each(size_t count, const std::function<void(size_t, int)>& job) {
  std::atomic<size_t> next{0};
  run([&](int worker) {
    for (size_t i; (i = next.fetch_add(1)) < count;) job(i, worker);
  });
}

}  // namespace pintle::converter
