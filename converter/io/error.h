// SPDX-License-Identifier: Apache-2.0
#ifndef PINTLE_CONVERTER_IO_ERROR_H_
#define PINTLE_CONVERTER_IO_ERROR_H_

#include <stdexcept>
#include <string>

namespace pintle::converter {

// Anything wrong with an input or an output file. The message names the file and the fault and says
// what to do; main prints it and exits with 1.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_IO_ERROR_H_
