// SPDX-License-Identifier: Apache-2.0
#ifndef PINTLE_RUNTIME_SCAN_TILTED_SCAN_H_
#define PINTLE_RUNTIME_SCAN_TILTED_SCAN_H_

#include "runtime/scan/trust.h"

namespace pintle::internal {

// The request's best items by score plus tilt, the largest one that is inside the trust region, best first to out,
// with the network's scores; returns their number. A catalogue's scores are computed once where there is room for them.
// REQUIRES: an active tilt, no PINTLE_ONLY_ALLOWED; what is scanned is not an exact index.
size_t tilted_top(Session* session, const float* hidden, const pintle_request& request,
                  const Audience& audience, TrustRegion* trust, pintle_recommendation* out);

}  // namespace pintle::internal

#endif  // PINTLE_RUNTIME_SCAN_TILTED_SCAN_H_
