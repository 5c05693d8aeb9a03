// SPDX-License-Identifier: Apache-2.0
//
// Every tensor of a file under its name: "items", "blocks.0.query.weight", "exact.rows",
// "saes.1.decoder".
#ifndef PINTLE_SCHEMA_NETWORK_TENSORS_H_
#define PINTLE_SCHEMA_NETWORK_TENSORS_H_

#include <stdio.h>

#include "schema/network_fields.h"

namespace pintle::format {

// What a tensor is called: a path of fields and indices, put into words only where somebody reads them.
class TensorName {
 public:
  struct Text {
    char bytes[64];  // "blocks.4294967295.attention_norm.gain" is far from it
  };

  // The file itself: its children have no dot before them.
  TensorName() = default;
  TensorName(const char* name) : steps_{{name, 0}}, count_(1) {}
  TensorName child(const char* name) const { return with({name, 0}); }
  TensorName child(uint32_t index) const { return with({nullptr, index}); }

  [[gnu::noinline]] Text text() const {
    Text text = {};
    size_t length = 0;
    for (uint32_t i = 0; i < count_ && length < sizeof(text.bytes); ++i) {
      const char* dot = i == 0 ? "" : ".";
      const int added = steps_[i].name != nullptr
                            ? snprintf(text.bytes + length, sizeof(text.bytes) - length, "%s%s",
                                       dot, steps_[i].name)
                            : snprintf(text.bytes + length, sizeof(text.bytes) - length, "%s%u",
                                       dot, static_cast<unsigned>(steps_[i].index));
      length += static_cast<size_t>(added);
    }
    return text;
  }

 private:
  struct Step {
    const char* name;  // null: the index
    uint32_t index;
  };
  static constexpr uint32_t kDeepest = 4;  // blocks, 0, query, weight

  TensorName with(Step step) const {
    TensorName result = *this;
    result.steps_[result.count_++] = step;
    return result;
  }

  Step steps_[kDeepest] = {};
  uint32_t count_ = 0;
};

// visit(name, tensor, presence) for each tensor that is in use, in the order of the file's data (its
// network, exact index, SAEs), until it returns false; whether it never did. `tensor` is null where an
// optional one is absent or, in a file that is wrong, a required one.
// REQUIRES: an architecture, blocks and a catalogue.
template <typename Visit>
bool for_each_tensor(const fb::Model& root, const Visit& visit);

// Its walk. What is done for each of some thirty fields is a call, for the runtime's size.
class TensorWalk {
 public:
  using Visit = bool (*)(const void* context, const char* name, const fb::Tensor* tensor,
                         Presence presence);
  TensorWalk(const fb::Model& root, Visit visit, const void* context)
      : root_(root), sizes_(sizes_of(root)), visit_(visit), context_(context) {}

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
      return parts(Field::of(table), prefix, Field::kName, Field::presence(sizes));
    } else {
      return true;
    }
  }

  [[gnu::noinline]] bool parts(const fb::Tensor* tensor, const TensorName& prefix, const char* name,
                               Presence presence) const {
    return presence == kUnused ||
           visit_(context_, prefix.child(name).text().bytes, tensor, presence);
  }
  [[gnu::noinline]] bool parts(const fb::Linear* linear, const TensorName& prefix, const char* name,
                               Presence presence) const {
    if (presence == kUnused || (linear == nullptr && presence == kOptional)) return true;
    const TensorName own = prefix.child(name);
    return parts(linear == nullptr ? nullptr : linear->weight(), own, "weight", kRequired) &&
           parts(linear == nullptr ? nullptr : linear->bias(), own, "bias", kRequired);
  }
  [[gnu::noinline]] bool parts(const fb::Norm* norm, const TensorName& prefix, const char* name,
                               Presence presence) const {
    if (presence == kUnused || (norm == nullptr && presence == kOptional)) return true;
    const TensorName own = prefix.child(name);
    return parts(norm == nullptr ? nullptr : norm->gain(), own, "gain", kRequired) &&
           parts(norm == nullptr ? nullptr : norm->bias(), own, "bias", kRequired);
  }

  const fb::Model& root_;
  const Sizes sizes_;
  const Visit visit_;
  const void* const context_;
};

template <typename Visit>
bool for_each_tensor(const fb::Model& root, const Visit& visit) {
  const TensorWalk::Visit call = [](const void* context, const char* name, const fb::Tensor* tensor,
                                    Presence presence) {
    return (*static_cast<const Visit*>(context))(name, tensor, presence);
  };
  return TensorWalk(root, call, &visit).run();
}

}  // namespace pintle::format

#endif  // PINTLE_SCHEMA_NETWORK_TENSORS_H_
