// SPDX-License-Identifier: Apache-2.0
//
// `pintle delta`, and the verbs that take a delta.
#include <doctest/doctest.h>

#include <fstream>
#include <string>
#include <vector>

#include "run_cli.h"

namespace pintle::converter {
namespace {

// The default model's table of items: its header, and a line an item.
std::vector<std::string> item_lines() {
  std::ifstream file(kDefaultModel + "/items.csv");
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}
std::string id_of(const std::string& line) {
  const size_t first = line.find(',');
  return line.substr(first + 1, line.find(',', first + 1) - first - 1);
}

// A table of every 20th item from the first on, or of the others.
std::string table_of(bool is_hidden) {
  const std::vector<std::string> lines = item_lines();
  std::string text = lines[0] + "\n";
  for (size_t i = 1; i < lines.size(); ++i) {
    if ((i % 20 == 1) == is_hidden) text += lines[i] + "\n";
  }
  return text;
}

struct Made {
  Made()
      : base(folder.path("base.pintle")),
        added(folder.write("new.csv", table_of(true))),
        delta(folder.path("shop.delta")) {
    const Outcome converted =
        pintle("convert " + kSource + "--items '" + folder.write("base.csv", table_of(false)) +
               "' --id-column id " + kInteractions + "--out " + base);
    REQUIRE_MESSAGE(converted.status == 0, converted.err);
    const Outcome made = run("--interactions '" + kDefaultModel + "/interactions.txt'");
    REQUIRE_MESSAGE(made.status == 0, made.err);
    report = made.parsed();
  }
  Outcome run(const std::string& options) const {
    return pintle("delta --json --model " + base + " --items " + added + " --id-column id --out " +
                  delta + " " + options);
  }
  static const Made& get() {
    static const Made made;
    return made;
  }

  test::ScratchDir folder;
  std::string base, added, delta;
  json report;
};

TEST_CASE("new items get vectors, whose quality is told, and are in lists") {
  const Made& made = Made::get();
  CHECK(made.report["new_items"] == 24);
  CHECK(made.report["vectors"]["built"] == 24);
  const json quality = made.report["quality"];
  CHECK(quality["histories"] == "log");
  CHECK(quality["cosine"] > 0.1);
  CHECK(quality["events"] > 10);
  CHECK(quality["exposure"] == doctest::Approx(quality["true_exposure"]).epsilon(0.3));
  CHECK(quality["ndcg@10"] > 0);
  const Outcome verified = pintle("verify " + made.base + " --delta " + made.delta);
  CHECK(verified.status == 0);
  CHECK(contains(verified.out, made.delta + ": ok"));
  const json inspected = pintle("inspect --json " + made.delta).parsed();
  CHECK(inspected["added_items"] == 24);
  CHECK(inspected["quality"]["ndcg@10"] == quality["ndcg@10"]);
  const std::string id = id_of(item_lines()[1]);
  const std::string with = " --model " + made.base + " --delta " + made.delta;
  const json list =
      pintle("recommend --json --top-k 600" + with + " --history '" + id + "'").parsed();
  bool is_there = false;
  for (const json& item : list["items"])
    is_there = is_there || item["id"] == id_of(item_lines()[21]);
  CHECK(is_there);
  CHECK(pintle("recommend --model " + made.base + " --history '" + id + "'").status == 1);
  const Outcome evaluated =
      pintle("evaluate --json" + with + " --interactions '" + kDefaultModel + "/interactions.txt'");
  REQUIRE_MESSAGE(evaluated.status == 0, evaluated.err);
  CHECK(evaluated.parsed()["unknown_targets"] == 0);
  CHECK(pintle("explain --json" + with + " --history '" + joined(some_ids(4)) + "' --item " + id)
            .status == 0);
}

TEST_CASE("the same options give the same bytes") {
  const Made& made = Made::get();
  const std::string before = read_file(made.delta);
  CHECK(made.run("--interactions '" + kDefaultModel + "/interactions.txt'").status == 0);
  CHECK(read_file(made.delta) == before);
}

TEST_CASE("supplied vectors, changed titles and removed items") {
  const Made& made = Made::get();
  const test::ScratchDir folder;
  const std::vector<std::string> lines = item_lines();
  const std::string changed = id_of(lines[2]), removed = id_of(lines[3]), fresh = "999001";
  std::string title = lines[2];
  title.replace(title.find("The "), 4, "A ");
  const std::string items = folder.write("items.csv", lines[0] + "\n" + title + "\n" + lines[4] +
                                                          "\n9001," + fresh + ",New,Drama,Dark\n");
  std::string vector = "id";
  const json shape = pintle("inspect --json " + made.base).parsed();
  const int dim = shape["architecture"]["dim"];
  std::string numbers = fresh;
  for (int i = 0; i < dim; ++i) {
    vector += ",v" + std::to_string(i);
    numbers += i % 2 == 0 ? ",0.5" : ",-0.5";
  }
  const std::string vectors = folder.write("vectors.csv", vector + "\n" + numbers + "\n");
  const std::string out = folder.path("d.delta");
  const Outcome run = pintle("delta --json --model " + made.base + " --items " + items +
                             " --id-column id --vectors " + vectors + " --remove " +
                             folder.write("gone.txt", removed) + " --out " + out);
  REQUIRE_MESSAGE(run.status == 0, run.err);
  const json report = run.parsed();
  CHECK(report["new_items"] == 1);
  CHECK(report["changed_items"] == 1);
  CHECK(report["removed_items"] == 1);
  CHECK(report["unchanged_items"] == 1);
  CHECK(report["vectors"]["supplied"] == 1);
  CHECK(report["vectors"]["kept"] == 1);
  CHECK(report["quality"].is_null());
  const std::string with = " --model " + made.base + " --delta " + out + " --top-k 600 --json";
  // A history keeps what was removed; lists do not.
  const Outcome list = pintle("recommend" + with + " --history '" + removed + "'");
  REQUIRE_MESSAGE(list.status == 0, list.err);
  bool has_changed = false, has_removed = false, has_new = false;
  const json parsed = list.parsed();
  for (const json& item : parsed["items"]) {
    has_changed = has_changed || item["id"] == changed;
    has_removed = has_removed || item["id"] == removed;
    has_new = has_new || item["id"] == fresh;
  }
  CHECK(has_changed);
  CHECK(has_new);
  CHECK_FALSE(has_removed);
  const size_t begin = title.find("A ");
  const Outcome shown = pintle("recommend --model " + made.base + " --delta " + out +
                               " --top-k 600 --history '" + removed + "'");
  CHECK(contains(shown.out, title.substr(begin, title.find(',', begin) - begin)));
}

TEST_CASE("what is wrong is refused with what to do, and no file is left") {
  const Made& made = Made::get();
  const test::ScratchDir folder;
  const std::string out = folder.path("d.delta");
  const std::string start = "delta --model " + made.base + " --out " + out + " ";
  const auto refused = [&](const std::string& options, const std::string& words) {
    const Outcome run = pintle(start + options);
    CHECK(run.status == 1);
    CHECK_MESSAGE(contains(run.err, words), run.err);
    CHECK(read_file(out).empty());
  };
  refused("", "--items");
  refused("--remove " + folder.write("a.txt", "no-such-id"), "has no item with the id");
  const std::string header = item_lines()[0] + "\n";
  const std::string text = folder.write("b.csv", header + "1,abc,New,Drama,Dark\n");
  refused("--id-column id --items " + text, "no whole number");
  const std::string same = folder.write("c.csv", header + item_lines()[2] + "\n");
  refused("--id-column id --items " + same, "no delta is needed");
  refused("--id-column id --items " + made.added + " --vectors " +
              folder.write("v.csv", "id,a,b\n1,2,3\n"),
          "vectors of 2 numbers");
  const Outcome other = pintle("verify " + model_path() + " --delta " + made.delta);
  CHECK(other.status == 1);
  CHECK(contains(other.err, "PINTLE_ERR_OTHER_MODEL"));
  const Outcome over = pintle("delta --model " + made.base + " --items " + same +
                              " --id-column id --out " + made.base);
  CHECK(over.status == 1);
  CHECK(contains(over.err, "name another"));
}

}  // namespace
}  // namespace pintle::converter
