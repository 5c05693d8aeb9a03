// SPDX-License-Identifier: Apache-2.0
//
// Every tensor of a file under its name: "items", "blocks.0.query.weight", "exact.rows",
// "saes.1.decoder".
#ifndef PINTLE_SCHEMA_NETWORK_TENSORS_H_
#define PINTLE_SCHEMA_NETWORK_TENSORS_H_

#include <stdio.h>

#include "schema/network_fields.h"

namespace pintle::format {

class TensorName {
 public:
  // The file itself: its children have no dot before them.
  TensorName() = default;
  TensorName child(const char* name) const {
    TensorName result = *this;
    if (length_ != 0) result.append(".");
    result.append(name);
    return result;
  }
  TensorName child(uint32_t index) const {
    char digits[11];
    snprintf(digits, sizeof(digits), "%u", static_cast<unsigned>(index));
    return child(digits);
  }
  const char* text() const { return text_; }

 private:
  void append(const char* part) {
    for (; *part != '\0' && length_ + 1 < sizeof(text_); ++part) text_[length_++] = *part;
  }

  char text_[64] = {};  // "blocks.4294967295.attention_norm.gain" is far from it
  size_t length_ = 0;
};

// visit(name, tensor, presence) for each tensor that is in use, in the order of the file's data (its
// network, exact index, SAEs), until it returns false; whether it never did. `tensor` is null where an
// optional one is absent or, in a file that is wrong, a required one.
// REQUIRES: an architecture, blocks and a catalogue.
template <typename Visit>
class TensorWalk {
 public:
  TensorWalk(const fb::Model& root, const Visit& visit)
      : root_(root), sizes_(sizes_of(root)), visit_(visit) {}

  bool run() const {
    const bool network = all_of(FieldsOf<Model>::List(),
                                Overloaded{[&](Model::blocks) { return blocks(); },
                                           [&](auto f) { return field(f, root_, sizes_, {}); }});
    return network && exact() && saes();
  }

 private:
  bool blocks() const {
    for (uint32_t i = 0; i < root_.blocks()->size(); ++i) {
      const TensorName name = TensorName().child(Model::blocks::kName).child(i);
      if (!table<Block>(*root_.blocks()->Get(i), sizes_, name)) return false;
    }
    return true;
  }
  bool exact() const {
    return root_.exact() == nullptr ||
           table<ExactScan>(*root_.exact(), sizes_, TensorName().child(Model::exact::kName));
  }
  bool saes() const {
    for (uint32_t i = 0; root_.saes() != nullptr && i < root_.saes()->size(); ++i) {
      const fb::Sae& sae = *root_.saes()->Get(i);
      const TensorName name = TensorName().child(Model::saes::kName).child(i);
      if (!table<Sae>(sae, sizes_of(sizes_, sae), name)) return false;
    }
    return true;
  }
  template <typename Table>
  bool table(const typename Table::Table& table, const Sizes& sizes, const TensorName& name) const {
    return all_of(typename FieldsOf<Table>::List(),
                  [&](auto f) { return field(f, table, sizes, name); });
  }
  template <typename Field, typename Table>
  bool field([[maybe_unused]] Field f, [[maybe_unused]] const Table& table,
             [[maybe_unused]] const Sizes& sizes, [[maybe_unused]] const TensorName& prefix) const {
    if constexpr (is_tensor<Field>) {
      const Presence presence = Field::presence(sizes);
      return presence == kUnused || parts(Field::of(table), prefix.child(Field::kName), presence);
    } else {
      return true;
    }
  }

  bool parts(const fb::Tensor* tensor, const TensorName& name, Presence presence) const {
    return visit_(name.text(), tensor, presence);
  }
  bool parts(const fb::Linear* linear, const TensorName& name, Presence presence) const {
    if (linear == nullptr && presence == kOptional) return true;
    return parts(linear == nullptr ? nullptr : linear->weight(), name.child("weight"), kRequired) &&
           parts(linear == nullptr ? nullptr : linear->bias(), name.child("bias"), kRequired);
  }
  bool parts(const fb::Norm* norm, const TensorName& name, Presence presence) const {
    if (norm == nullptr && presence == kOptional) return true;
    return parts(norm == nullptr ? nullptr : norm->gain(), name.child("gain"), kRequired) &&
           parts(norm == nullptr ? nullptr : norm->bias(), name.child("bias"), kRequired);
  }

  const fb::Model& root_;
  const Sizes sizes_;
  const Visit& visit_;
};

template <typename Visit>
bool for_each_tensor(const fb::Model& root, const Visit& visit) {
  return TensorWalk<Visit>(root, visit).run();
}

}  // namespace pintle::format

#endif  // PINTLE_SCHEMA_NETWORK_TENSORS_H_
