// SPDX-License-Identifier: Apache-2.0
//
// Lists by the C API over catalogues of three sizes: the scan and its top 10, and groups by example. Nothing
// is appended between the calls, so that the network does not run.
#include <memory>
#include <string>

#include "bench/app_session.h"
#include "bench/suite.h"
#include "bench/synthetic_model.h"
#include "runtime/model/tensor.h"

namespace pintle::bench {
using namespace pintle::internal;  // what this tests is not public
namespace {

void add_list(Suite* suite, uint32_t items, uint32_t dim, fb::DType precision) {
  SyntheticShape shape;
  shape.items = items;
  shape.dim = dim;
  shape.precision = precision;
  shape.has_titles = false;
  const size_t table_bytes = static_cast<size_t>(
      format::tensor_data_bytes(precision, fb::Layout_Panels, items, dim).value() +
      format::tensor_scale_bytes(precision, fb::Layout_Panels, items, dim).value());
  const std::string name = std::string("top 10, ") + (precision == fb::DType_I8 ? "s8 " : "s4 ") +
                           std::to_string(items) + " x " + std::to_string(dim);
  const double weights = static_cast<double>(items) * dim;
  // Written at the first repetition, if at all.
  auto path = std::make_shared<std::string>();
  suite->add(name, {touches_file(table_bytes), multiplies_weights(weights)}, [=]() -> Call {
    if (path->empty()) {
      *path = suite->folder.path(name + ".pintle");
      write_synthetic_model(*path, shape);
    }
    auto session = std::make_shared<AppSession>(*path, suite->isa);
    session->append({3, 1, 4, 15, 9, 2, 6});
    session->list();
    return [=] { session->list(); };
  });
}

// A group by example. Its members are as good as random here, as the items' vectors are.
void add_example(Suite* suite, uint32_t items) {
  const std::string name = "group by example, s8 " + std::to_string(items) + " x 64";
  auto path = std::make_shared<std::string>();
  suite->add(name, {multiplies_weights(64.0 * items)}, [=]() -> Call {
    if (path->empty()) {
      SyntheticShape shape;
      shape.items = items;
      shape.has_titles = false;
      *path = suite->folder.path(name + ".pintle");
      write_synthetic_model(*path, shape);
    }
    auto session = std::make_shared<AppSession>(*path, suite->isa, PINTLE_OPEN_EXAMPLES);
    return [=] { session->set_example({3, 1, 4, 15, 9, 2, 6, 5, 35, 8}); };
  });
}

}  // namespace

void add_list_benchmarks(Suite* suite) {
  for (const fb::DType precision : {fb::DType_I8, fb::DType_I4}) {
    add_list(suite, 3416, 64, precision);
    add_list(suite, 100000, 64, precision);
    add_list(suite, 1000000, 64, precision);
    add_list(suite, 1000000, 128, precision);
  }
  add_example(suite, 3416);
  add_example(suite, 100000);
}

}  // namespace pintle::bench
