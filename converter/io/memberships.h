// SPDX-License-Identifier: Apache-2.0
//
// How much items belong to attributes, where that is not yes or no: `pintle convert --memberships`.
#ifndef PINTLE_CONVERTER_IO_MEMBERSHIPS_H_
#define PINTLE_CONVERTER_IO_MEMBERSHIPS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace pintle::converter {

struct Membership {
  std::string item;  // the app's id
  std::string group, name;
  uint8_t fifteenths = 0;  // 0: none, as the nearest fifteenth
  size_t line = 0;         // of the table
};

struct MembershipTable {
  std::string path;
  std::vector<Membership> rows;  // as in the file; (item, group, name) is unique
};

// A table with the columns item, group, name and membership, and no other, in any order; memberships lie
// in [0, 1]. Throws Error (file, line, fault).
MembershipTable read_memberships(const std::string& path);
// The same table as text: commas, every text in quotes; `line` is not read.
std::string memberships_text(const std::vector<Membership>& rows);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_IO_MEMBERSHIPS_H_
