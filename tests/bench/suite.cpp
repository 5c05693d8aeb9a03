// SPDX-License-Identifier: Apache-2.0
#include "bench/suite.h"

#include <algorithm>
#include <cstdio>
#include <cstring>

#include "bench/synthetic_model.h"
#include "converter/file/quantize.h"

namespace pintle::bench {
namespace {

// What is filled first, and then repeated: the caches cannot tell.
constexpr size_t kPatternBytes = 1 << 20;

const char* const kKernels[] = {
#define PINTLE_KERNEL(name, precision, result, parameters) #name,
#include "runtime/kernels/kernel_list.inc"
#undef PINTLE_KERNEL
};

}  // namespace

void Suite::add(const std::string& name, const Work& work, const std::function<Call()>& make) {
  names_.push_back(name);
  works_[name] = work;
  benchmark::RegisterBenchmark(name.c_str(), [this, work, make](benchmark::State& state) {
    for (const Demand& each : work) ceilings.measure(each.ceiling);
    const Demand demand = bound(work);
    const Call call = make();
    call.run();
    if (call.renew) call.renew();
    size_t left = call.rounds;
    for (auto _ : state) {
      if (call.renew && left-- == 0) {
        state.PauseTiming();
        call.renew();
        left = call.rounds - 1;
        state.ResumeTiming();
      }
      call.run();
    }
    const double done = demand.amount * static_cast<double>(state.iterations());
    const double ceiling = ceilings.rate(demand.ceiling);
    state.counters["rate"] = benchmark::Counter(done, benchmark::Counter::kIsRate);
    state.counters["ceiling"] = benchmark::Counter(ceiling);
    state.counters["of_ceiling"] = benchmark::Counter(done / ceiling, benchmark::Counter::kIsRate);
    state.SetLabel(demand.ceiling.name());
  });
}

Demand Suite::bound(const Work& work) {
  Demand longest = work.front();
  double longest_s = 0;
  for (const Demand& demand : work) {
    const double rate = ceilings.rate(demand.ceiling);
    const double seconds = rate == 0 ? 0 : demand.amount / rate;
    if (seconds > longest_s) {
      longest_s = seconds;
      longest = demand;
    }
  }
  return longest;
}

const uint8_t* Suite::filled(std::unique_ptr<Pages>* pages, size_t size_bytes,
                             const std::function<void(uint8_t*, size_t)>& fill) {
  if (*pages == nullptr || (*pages)->size_bytes() < size_bytes) {
    pages->reset();
    *pages = std::make_unique<Pages>(std::max(size_bytes, kPatternBytes));
    uint8_t* data = (*pages)->data();
    fill(data, kPatternBytes);
    for (size_t at = kPatternBytes; at < (*pages)->size_bytes(); at += kPatternBytes) {
      std::memcpy(data + at, data, std::min(kPatternBytes, (*pages)->size_bytes() - at));
    }
  }
  return (*pages)->data();
}

const float* Suite::floats(size_t count) {
  return reinterpret_cast<const float*>(
      filled(&floats_, count * sizeof(float), [](uint8_t* data, size_t size_bytes) {
        SplitMix random(1);
        float* values = reinterpret_cast<float*>(data);
        for (size_t i = 0; i < size_bytes / sizeof(float); ++i) values[i] = random.unit();
      }));
}

const uint16_t* Suite::halves(size_t count) {
  return reinterpret_cast<const uint16_t*>(
      filled(&halves_, count * sizeof(uint16_t), [](uint8_t* data, size_t size_bytes) {
        SplitMix random(2);
        uint16_t* values = reinterpret_cast<uint16_t*>(data);
        for (size_t i = 0; i < size_bytes / sizeof(uint16_t); ++i) values[i] = random.half();
      }));
}

const uint8_t* Suite::bytes(size_t count) {
  return filled(&bytes_, count, [](uint8_t* data, size_t size_bytes) {
    SplitMix random(3);
    for (size_t i = 0; i < size_bytes; ++i) data[i] = static_cast<uint8_t>(random.next() >> 56);
  });
}

std::vector<std::string> Suite::missing_kernels() const {
  std::vector<std::string> missing;
  for (const char* kernel : kKernels) {
    const std::string prefix = std::string(kernel) + " ";
    const auto found = works_.lower_bound(prefix);
    if (found == works_.end() || found->first.compare(0, prefix.size(), prefix) != 0) {
      missing.push_back(kernel);
    }
  }
  return missing;
}

bool Table::ReportContext(const Context&) { return true; }

void Table::ReportRuns(const std::vector<Run>& runs) {
  for (const Run& run : runs) {
    if (run.run_type != Run::RT_Iteration) continue;
    ns_[run.run_name.function_name].push_back(
        run.GetAdjustedCPUTime() * (1e9 / benchmark::GetTimeUnitMultiplier(run.time_unit)));
  }
}

void Table::Finalize() {
  std::printf("kernels: %s\n\n%-24s %10s\n", suite_->isa, "ceiling, one thread", "G/s");
  for (const auto& ceiling : suite_->ceilings.all()) {
    if (ceiling.second == 0) {
      std::printf("%-24s %10s\n", ceiling.first.name().c_str(), "-");
    } else {
      std::printf("%-24s %10.1f\n", ceiling.first.name().c_str(), ceiling.second * 1e-9);
    }
  }
  std::printf("\n%-36s %12s %12s %12s  %s\n", "CPU time of one call, us", "min", "median", "max",
              "reached, of each ceiling");
  for (const std::string& name : suite_->names()) {
    std::vector<double>& ns = ns_[name];
    if (ns.empty()) continue;  // filtered out
    std::sort(ns.begin(), ns.end());
    std::printf("%-36s %12.3f %12.3f %12.3f", name.c_str(), ns.front() * 1e-3,
                ns[ns.size() / 2] * 1e-3, ns.back() * 1e-3);
    std::multimap<double, std::string> reached;
    for (const Demand& demand : suite_->work(name)) {
      const double ceiling = suite_->ceilings.rate(demand.ceiling);
      if (ceiling == 0) continue;  // no such instruction
      reached.emplace(demand.amount / (ns.front() * 1e-9) / ceiling, demand.ceiling.name());
    }
    for (auto share = reached.rbegin(); share != reached.rend(); ++share) {
      std::printf("  %5.1f %% %-20s", 100 * share->first, share->second.c_str());
    }
    std::printf("\n");
  }
}

}  // namespace pintle::bench
