// SPDX-License-Identifier: Apache-2.0
//
// Benchmarks that know their ceilings, and the table that they end in.
#ifndef PINTLE_TESTS_BENCH_SUITE_H_
#define PINTLE_TESTS_BENCH_SUITE_H_

#include <benchmark/benchmark.h>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bench/ceilings.h"
#include "runtime/kernels/kernels.h"
#include "support/scratch_dir.h"

namespace pintle::bench {
using namespace pintle::internal;  // what this measures is not public

// What a call does that one of the machine's limits bounds: bytes read or written, or operations.
struct Demand {
  Ceiling ceiling;
  double amount;
};
// A call that reads (and writes) `size_bytes`, the same ones again and again.
inline Demand touches(size_t size_bytes) {
  return {read_of(size_bytes), static_cast<double>(size_bytes)};
}
// The same of a mapped file.
inline Demand touches_file(size_t size_bytes) {
  return {read_file_of(size_bytes), static_cast<double>(size_bytes)};
}
inline Demand multiplies(double flops) { return {fma_peak(), flops}; }
// A product of integer weights with 16-bit activations.
inline Demand multiplies_weights(double weights) { return {weights_peak(), weights}; }

// All that a call does. The demand that takes longest at its ceiling bounds it.
using Work = std::vector<Demand>;

// What is timed; and where that cannot go on for ever, what makes it as before, untimed, after every
// `rounds` calls.
struct Call {
  Call(std::function<void()> timed, std::function<void()> again = {}, size_t rounds_between = 0)
      : run(std::move(timed)), renew(std::move(again)), rounds(rounds_between) {}
  template <typename Function, typename = decltype(std::declval<Function>()())>
  Call(Function timed) : run(std::move(timed)) {}

  std::function<void()> run, renew;
  size_t rounds = 0;
};

class Suite {
 public:
  Suite(const KernelTable& kernel_table, const char* isa_name)
      : kernels(kernel_table), isa(isa_name) {}

  // One row of the table. Each repetition measures the ceilings too, so that what else the machine does
  // at the time falls on both. make: gives what is to be timed; called only if the benchmark is run, and
  // what it captured lives while it is timed.
  void add(const std::string& name, const Work& work, const std::function<Call()>& make);

  // Memory filled once and shared: tables of weights are large, and only read. Floats are in
  // [-1, 1), halves too; bytes are any.
  const float* floats(size_t count);
  const uint16_t* halves(size_t count);
  const uint8_t* bytes(size_t count);

  const KernelTable kernels;
  const char* const isa;
  Ceilings ceilings;
  test::ScratchDir folder;  // for models

  const std::vector<std::string>& names() const { return names_; }  // as added
  const Work& work(const std::string& name) const { return works_.at(name); }
  // The demand that bounds `work`, by the best rates measured; measures what was not yet.
  Demand bound(const Work& work);
  // Kernels of kernel_list.inc that no benchmark's name begins with.
  std::vector<std::string> missing_kernels() const;

 private:
  const uint8_t* filled(std::unique_ptr<Pages>* pages, size_t size_bytes,
                        const std::function<void(uint8_t*, size_t)>& fill);

  std::vector<std::string> names_;
  std::map<std::string, Work> works_;
  std::unique_ptr<Pages> floats_, halves_, bytes_;
};

// Each adds its subject's benchmarks.
void add_matrix_benchmarks(Suite* suite);
void add_vector_benchmarks(Suite* suite);
void add_list_benchmarks(Suite* suite);
void add_path_benchmarks(Suite* suite);

// Prints the ceilings, then a row a benchmark: CPU time of one call, least, median and most over the
// repetitions, and its best rate as a share of each ceiling, the one that bounds it first.
class Table : public benchmark::BenchmarkReporter {
 public:
  explicit Table(Suite* suite) : suite_(suite) {}
  bool ReportContext(const Context& context) override;
  void ReportRuns(const std::vector<Run>& runs) override;
  void Finalize() override;

 private:
  Suite* suite_;
  std::map<std::string, std::vector<double>> ns_;
};

}  // namespace pintle::bench

#endif  // PINTLE_TESTS_BENCH_SUITE_H_
