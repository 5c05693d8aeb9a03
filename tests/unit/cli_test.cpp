// SPDX-License-Identifier: Apache-2.0
//
// The binary `pintle` as people and scripts run it: what it prints where, and how it ends.
#include <doctest/doctest.h>
#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "run_cli.h"

namespace pintle::converter {
namespace {

size_t files_in(const std::string& folder) {
  return static_cast<size_t>(std::distance(std::filesystem::directory_iterator(folder),
                                           std::filesystem::directory_iterator()));
}

TEST_CASE("help and version go to standard output with status 0") {
  const Outcome help = pintle("--help");
  CHECK(help.status == 0);
  CHECK(help.err.empty());
  for (const char* verb : {"convert", "recipes", "inspect", "verify", "recommend", "evaluate",
                           "bench", "train-sae", "label", "report", "explain", "sweep", "build"}) {
    CAPTURE(verb);
    CHECK(contains(help.out, verb));
    const Outcome own = pintle(std::string(verb) + " --help");
    CHECK(own.status == 0);
    CHECK(own.out.size() > 100);
    CHECK(own.err.empty());
  }
  CHECK(pintle("--version").out == "0.4.0\n");
}

TEST_CASE("wrong usage ends with 2, on standard error") {
  for (const char* arguments : {"",
                                "frobnicate",
                                "convert",
                                "convert --weights x",
                                "verify",
                                "recommend --model m",
                                "recommend --model m --history 1 --sequences f",
                                "recommend --model m --history 1 --top-k 0",
                                "recommend --model m --history 1 --top-k x",
                                "convert --weights w --out o --precision int3",
                                "convert --weights w --out o --arch gpt2 --recipe r",
                                "convert --weights w --out o --id-column id",
                                "convert --weights w --out o --time-column t",
                                "evaluate --model m --interactions i --format csv",
                                "convert --weights w --out o --heads 0",
                                "convert --weights w --out o --measure-quality",
                                "evaluate --model m",
                                "evaluate --model m --interactions i --split random",
                                "evaluate --model m --interactions i --window-policy slide",
                                "recommend --model m --history 1 --candidates c --deny d",
                                "recommend --model m --history 1 --candidates c --cap a=1",
                                "recommend --model m --history 1 --candidates c --why",
                                "recommend --model m --history 1 --candidates c --not-personal",
                                "recommend --model m --history 1 --candidates c --feedback like:1",
                                "recommend --model m --history 1 --not-personal --feedback like:1",
                                "recommend --model m --history 1 --now 2024-07-14",
                                "recommend --model m --history 1 --knob",
                                "inspect --model m --jsno"}) {
    CAPTURE(arguments);
    const Outcome run = pintle(arguments);
    CHECK(run.status == 2);
    CHECK(run.out.empty());
    CHECK_FALSE(run.err.empty());
  }
}

TEST_CASE("files that are missing or no models end with 1 and are named") {
  const test::ScratchDir folder;
  const std::string text = folder.write("notes.txt", "these are notes, not a model file\n");
  for (const std::string& verb :
       {std::string("inspect --model "), std::string("verify "),
        std::string("recommend --history 1 --model "), std::string("bench --model ")}) {
    for (const std::string& path : {folder.path("absent.pintle"), text}) {
      CAPTURE(verb);
      const Outcome run = pintle(verb + path);
      CHECK(run.status == 1);
      CHECK(run.out.empty());
      CHECK(contains(run.err, path));
      CHECK(contains(run.err, path == text ? "PINTLE_ERR_NOT_A_MODEL" : "PINTLE_ERR_IO"));
    }
  }
}

TEST_CASE("convert reports as text and as JSON, and writes the same bytes with any threads") {
  const test::ScratchDir folder;
  const std::string first = folder.path("a.pintle"), second = folder.path("b.pintle");
  for (const char* precision : {"f32", "f16", "int8", "int4"}) {
    CAPTURE(precision);
    const std::string what =
        "convert " + kSource + kTables + "--precision " + precision + " --out ";
    const Outcome text = pintle(what + first + " --threads 1");
    CHECK(text.status == 0);
    CHECK(text.err.empty());
    CHECK(contains(text.out, "blocks.1.ffn_out.weight"));
    const Outcome report = pintle(what + second + " --threads 3 --json");
    CHECK(report.status == 0);
    const json parsed = report.parsed();
    CHECK(parsed["precision"] == precision);
    CHECK(parsed["items"] == 480);
    CHECK(parsed["file_size_bytes"] == std::filesystem::file_size(second));
    CHECK(parsed["tensors"].size() > 20);
    CHECK(parsed["source_sha256"].get<std::string>().size() == 64);
    CHECK(read_file(first) == read_file(second));
    CHECK(pintle("verify " + first).status == 0);
  }
  CHECK(files_in(folder.path("")) == 2);
}

TEST_CASE("--exact gives the lists of the f32 table at any precision, pruned or scanned") {
  const test::ScratchDir folder;
  const auto list = [&](const std::string& options) {
    const std::string out = folder.path("m.pintle");
    const Outcome report =
        pintle("convert " + kSource + kTables + options + " --json --out " + out);
    REQUIRE_MESSAGE(report.status == 0, report.err);
    const Outcome run =
        pintle("recommend --json --model " + out + " --history '" + joined(some_ids(6)) + "'");
    REQUIRE_MESSAGE(run.status == 0, run.err);
    return std::make_pair(report.parsed()["exact"], run.parsed());
  };
  // Blocks in f32 too, so that the states are the same.
  const auto [none, plain] = list("--precision f32");
  CHECK(none.is_null());
  const auto [pruned, pruned_list] = list("--precision f32 --exact=pruned");
  CHECK(pruned["prunes"] == true);
  CHECK(pruned_list == plain);
  const auto [automatic, scanned_list] = list("--precision f32 --exact");
  CHECK(automatic["prunes"] == false);  // a small table
  CHECK(scanned_list == plain);

  const auto [scan, int8_scanned] = list("--precision int8 --exact=scan");
  const auto [codes, int8_pruned] = list("--precision int8 --exact=pruned");
  CHECK(scan["prunes"] == false);
  CHECK(codes["prunes"] == true);
  CHECK(int8_scanned == int8_pruned);
  CHECK(pintle("convert " + kSource + "--exact=often --out " + folder.path("x")).status == 2);
}

TEST_CASE("measured quality is stored in the file and is what evaluate prints") {
  const test::ScratchDir folder;
  const std::string out = folder.path("m.pintle");
  const Outcome run = pintle("convert " + kSource + kTables + kInteractions +
                             "--measure-quality --out " + out + " --json");
  REQUIRE(run.status == 0);
  const json stored = pintle("inspect --json --model " + out).parsed()["provenance"]["quality"];
  const json printed = pintle("evaluate --json --model " + out + " " + kInteractions).parsed();
  for (const char* metric : {"hr@10", "ndcg@10", "mrr@10", "coverage@10"}) {
    CAPTURE(metric);
    CHECK(stored[metric] == printed[metric]);
    CHECK(stored[metric] == run.parsed()["quality"][metric]);
    CHECK(stored[metric].get<double>() > 0.05);
  }
  const json few =
      pintle("evaluate --json --users 40 --model " + out + " " + kInteractions).parsed();
  CHECK(few["users"] == 40);
  CHECK(few["ndcg@10"] != printed["ndcg@10"]);
}

TEST_CASE("how a log was read is told, and a log of other items is refused") {
  const test::ScratchDir folder;
  const std::vector<std::string> ids = some_ids(8);
  std::string rows, foreign;
  for (size_t i = 0; i < ids.size(); ++i) {
    // The newest first.
    const std::string time = "2017-07-1" + std::to_string(9 - i);
    rows += "a," + ids[i] + "," + time + "\nb," + ids[ids.size() - 1 - i] + "," + time + "\n";
    foreign += "a " + std::to_string(i + 1) + "\n";
  }
  const std::string log = folder.write("log.csv", "user,item,seen_at\n" + rows);
  const std::string evaluate = "evaluate --model " + model_path() + " --interactions ";
  const Outcome text = pintle(evaluate + log);
  REQUIRE_MESSAGE(text.status == 0, text.err);
  CHECK(contains(text.out, "log: read as: table, comma-separated, 2 users, 8 items, 16 events"));
  CHECK(contains(text.out, "log: columns: user 'user', item 'item', time 'seen_at' (ISO 8601"));
  const json by_time = pintle(evaluate + log + " --json").parsed();
  const json by_file = pintle(evaluate + log + " --time-column none --json").parsed();
  CHECK(by_time["interactions"]["notes"].size() >= 3);
  CHECK(by_time["mrr@10"] == by_file["mrr@10"]);  // the users are each other's reverse
  const Outcome one = pintle(evaluate + log + " --item-column seen_at");
  CHECK(one.status == 1);

  const std::string strangers = folder.write("foreign.txt", foreign);
  const Outcome refused = pintle(evaluate + strangers);
  CHECK(refused.status == 1);
  CHECK(contains(refused.err, "most of the log's ids are unknown to the model"));
  const Outcome forced = pintle(evaluate + strangers + " --force");
  CHECK(forced.status == 1);
  CHECK(contains(forced.err, "no held-out item could be ranked"));
}

TEST_CASE("recommend: JSON lines, options, and their meaning") {
  const std::string with = "recommend --model " + model_path() + " --json ";
  const std::vector<std::string> history = some_ids(6);
  const json line = pintle(with + "--history '" + joined(history) + "'").parsed();
  CHECK(line["history"] == 1);
  REQUIRE(line["items"].size() == 10);
  std::vector<std::string> ids;
  double last = 1e30;
  for (const json& item : line["items"]) {
    ids.push_back(item["id"].get<std::string>());
    CHECK(item["score"].get<double>() <= last);
    last = item["score"].get<double>();
    for (const std::string& seen : history) CHECK(ids.back() != seen);
  }
  const test::ScratchDir folder;
  const auto first_of = [&](const std::string& options) {
    const Outcome run = pintle(with + "--history '" + joined(history) + "' " + options);
    REQUIRE_MESSAGE(run.status == 0, run.err);
    const json parsed = run.parsed();
    std::vector<std::string> found;
    for (const json& item : parsed["items"]) found.push_back(item["id"]);
    return found;
  };
  CHECK(first_of("--top-k 3") == std::vector<std::string>(ids.begin(), ids.begin() + 3));
  CHECK(first_of("--top-k 100000").size() == 480 - history.size());
  CHECK(first_of("--top-k 100000 --include-seen").size() == 480);
  const std::string three = folder.write("three", ids[4] + "\n" + ids[1] + " " + ids[7]);
  CHECK(first_of("--allow " + three) == std::vector<std::string>{ids[1], ids[4], ids[7]});
  CHECK(first_of("--deny " + three).front() == ids[0]);
  CHECK(first_of("--deny " + three)[1] == ids[2]);
  CHECK(first_of("--allow " + folder.write("none", "")).empty());
  CHECK(first_of("--candidates " + folder.write("mixed", history[0] + " " + ids[1])).size() == 2);

  const std::string sequences =
      folder.write("sequences", joined(history) + "\n\n" + history[0] + "\n");
  const std::vector<json> lines = lines_of(pintle(with + "--sequences " + sequences).out);
  REQUIRE(lines.size() == 3);
  CHECK(lines[0] == line);
  CHECK(lines[1]["items"] == pintle(with + "--history ''").parsed()["items"]);
  CHECK(lines[1]["items"].size() == 10);
  CHECK(lines[2]["history"] == 3);
  CHECK(lines[2]["items"].size() == 10);

  const Outcome table =
      pintle("recommend --model " + model_path() + " --history '" + joined(history) + "'");
  CHECK(contains(table.out, "rank"));
  CHECK(contains(table.out, ids[9] + "  "));
}

TEST_CASE("an unknown id ends the run before anything is printed, with its place") {
  const test::ScratchDir folder;
  const std::string known = some_ids(1)[0];
  const std::string sequences = folder.write("s", known + "\n" + known + " 31337\n");
  Outcome run = pintle("recommend --model " + model_path() + " --sequences " + sequences);
  CHECK(run.status == 1);
  CHECK(run.out.empty());
  CHECK(contains(run.err, "history 2"));
  CHECK(contains(run.err, "\"31337\""));
  run = pintle("recommend --model " + model_path() + " --history abc");
  CHECK(run.status == 1);
  CHECK(contains(run.err, "\"abc\""));
  const std::string list = folder.write("deny", "31337");
  run = pintle("recommend --model " + model_path() + " --history " + known + " --deny " + list);
  CHECK(run.status == 1);
  CHECK(contains(run.err, list));
}

TEST_CASE("recommend --skip-unknown leaves unknown ids out and counts them") {
  const test::ScratchDir folder;
  const std::vector<std::string> known = some_ids(3);
  const std::string with = "recommend --model " + model_path() + " --skip-unknown ";
  const std::string sequences =
      folder.write("s", known[0] + " 31337 " + known[1] + " abc\n31337\n\n" + joined(known) + "\n");
  const std::vector<json> lines = lines_of(pintle(with + "--json --sequences " + sequences).out);
  REQUIRE(lines.size() == 4);
  CHECK(lines[0]["unknown"] == json{"31337", "abc"});
  CHECK(lines[0]["items"] == pintle("recommend --json --model " + model_path() + " --history '" +
                                    known[0] + " " + known[1] + "'")
                                 .parsed()["items"]);
  CHECK(lines[1]["unknown"] == json{"31337"});
  CHECK(lines[1]["items"] == lines[2]["items"]);  // as without a history
  CHECK(lines[1]["items"] != lines[0]["items"]);
  CHECK(lines[2]["unknown"].empty());
  CHECK(lines[3]["unknown"].empty());
  CHECK(lines[3]["items"].size() == 10);
  const Outcome text = pintle(with + "--sequences " + sequences);
  CHECK(text.status == 0);
  CHECK(contains(text.out, "history 1: 2 ids unknown to the model, left out: 31337, abc"));
  CHECK(contains(text.out, "history 2: nothing is left of it"));
  CHECK(contains(pintle("recommend --model " + model_path() + " --history abc").err,
                 "--skip-unknown"));
}

TEST_CASE("evaluate: --k names the metrics, --include-seen keeps seen items") {
  const std::string with = "evaluate --json --users 40 --model " + model_path() + " ";
  const json ten = pintle(with + kInteractions).parsed();
  const json twenty = pintle(with + "--k 20 " + kInteractions).parsed();
  CHECK(twenty["hr@20"].get<double>() > ten["hr@10"].get<double>());
  CHECK_FALSE(twenty.contains("hr@10"));
  const test::ScratchDir folder;
  const std::vector<std::string> ids = some_ids(3);
  const std::string again =
      "--interactions " + folder.write("s", "user " + ids[0] + " " + ids[1] + " " + ids[0] + "\n") +
      " --format sequences --k 480 ";
  CHECK(contains(pintle(with + again).err, "--include-seen"));  // nothing could be ranked
  const json seen = pintle(with + again + "--include-seen").parsed();
  CHECK(seen["hr@480"] == 1);
  CHECK(seen["repeated_targets"] == 1);
  CHECK(pintle("evaluate --model m --interactions i --k 0").status == 2);
}

TEST_CASE("convert tells what the item table's columns became") {
  const test::ScratchDir folder;
  const std::string items = folder.write(
      "items.csv", "row,name,kinds,year\n1,One,\"['a', 'b']\",1990\n2,Two,['b'],1991\n");
  const std::string with =
      "convert " + kSource + "--items " + items + " --out " + folder.path("m.pintle") + " ";
  const Outcome text = pintle(with);
  CHECK(contains(text.out, "items: column 'kinds': attributes, 2 values"));
  const json notes = pintle(with + "--json").parsed()["item_table"];
  CHECK(notes.size() == 4);
  CHECK(notes[0] == "ids: column 'row' (the first)");
  CHECK(contains(notes[3], "--attributes year"));
  const json asked = pintle(with + "--attributes year,kinds --json").parsed()["item_table"];
  CHECK(contains(asked[3], "'year': attributes, 2 values"));
  CHECK(contains(pintle(with + "--attributes years").err, "has no column 'years'"));
  CHECK(contains(pintle(with + "--title-column kinds --row-column year").err,
                 "lists row 1990 of the checkpoint"));
  CHECK(pintle("convert --weights w --out o --attributes a").status == 2);
}

TEST_CASE("verify names the first fault") {
  const test::ScratchDir folder;
  CHECK(pintle("verify " + model_path()).out == model_path() + ": ok\n");
  const std::string good = read_file(model_path());
  std::string bad = good;
  bad[bad.size() - 70000] = static_cast<char>(bad[bad.size() - 70000] ^ 0x10);
  Outcome run = pintle("verify " + folder.write("flipped.pintle", bad));
  CHECK(run.status == 1);
  CHECK(contains(run.err, "PINTLE_ERR_CHECKSUM"));
  run = pintle("verify " + folder.write("cut.pintle", good.substr(0, good.size() / 2)));
  CHECK(run.status == 1);
  CHECK(contains(run.err, "PINTLE_ERR_CORRUPT"));
}

TEST_CASE("a file tells people what is true of what it holds, or the owner's words") {
  const auto words_in = [](const std::string& path) {
    return pintle("inspect --json --model " + path).parsed()["provenance"]["main_parameters"];
  };
  const json told = words_in(model_path());
  REQUIRE(told.size() == 5);
  CHECK(contains(told[0], "the last 32 items of your history, in their order"));
  CHECK(contains(told[2], "Without a history, the most popular items come first"));
  CHECK(contains(told[3], "(genres, mood)"));
  const std::string text = pintle("inspect --model " + model_path()).out;
  CHECK(contains(text, "main_parameters      Your list follows from"));

  const test::ScratchDir folder;
  const std::string out = folder.path("m.pintle"), convert = "convert " + kSource + "--out " + out;
  const Outcome own =
      pintle(convert + " --json --main-parameters " +
             folder.write("words", "Wie es gew\xC3\xA4hlt wird.\n\n Und wie nicht. \r\n"));
  REQUIRE_MESSAGE(own.status == 0, own.err);
  CHECK(words_in(out) == json{"Wie es gew\xC3\xA4hlt wird.", "Und wie nicht."});
  CHECK(own.parsed()["main_parameters"] == words_in(out));
  const Outcome plain = pintle(convert);
  REQUIRE(plain.status == 0);
  CHECK(words_in(out).size() == 3);  // no log, no item table
  for (const json& words : words_in(out)) {
    CHECK(contains(plain.out, "tells people: " + words.get<std::string>() + "\n"));
  }
  const Outcome empty = pintle(convert + " --main-parameters " + folder.write("empty", "\n"));
  CHECK(empty.status == 1);
  CHECK(contains(empty.err, "leave --main-parameters out"));
  CHECK(words_in(out).size() == 3);
}

TEST_CASE("inspect shows architecture, tensors, catalogue and provenance") {
  const json model = pintle("inspect --json --model " + model_path()).parsed();
  CHECK(model["format"] == "1.4");
  CHECK(model["architecture"]["name"] == "gpt2");
  CHECK(model["architecture"]["dim"] == 32);
  CHECK(model["architecture"]["layers"] == 2);
  CHECK(model["catalogue"]["items"] == 480);
  CHECK(model["catalogue"]["titles"] == true);
  CHECK(model["provenance"]["source_name"] == "model.safetensors");
  CHECK(model["provenance"]["precision"] == "int8");
  std::set<std::string> names;
  for (const json& tensor : model["tensors"]) names.insert(tensor["name"].get<std::string>());
  CHECK(names.count("items") == 1);
  CHECK(names.count("blocks.1.ffn_out.bias") == 1);
  CHECK(contains(pintle("inspect --model " + model_path()).out, "position_origin"));
}

TEST_CASE("recipes lists, prints and refuses by name") {
  const Outcome list = pintle("recipes");
  CHECK(list.status == 0);
  std::istringstream lines(list.out);
  size_t count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    const std::string name = line.substr(0, line.find(' '));
    CAPTURE(name);
    const Outcome one = pintle("recipes " + name);
    CHECK(one.status == 0);
    CHECK(json::accept(one.out));
  }
  CHECK(count >= 15);
  const Outcome unknown = pintle("recipes resnet");
  CHECK(unknown.status == 1);
  CHECK(contains(unknown.err, "resnet"));
}

TEST_CASE("bench prints every path of the app") {
  const Outcome run = pintle("bench --seconds 0.01 --json --model " + model_path());
  REQUIRE(run.status == 0);
  const json parsed = run.parsed();
  for (const char* path : {"open", "history", "append", "recommend", "append_recommend",
                           "append_full_window", "append_hop"}) {
    CAPTURE(path);
    const json& entry = parsed[path];
    CHECK(entry["min_us"].get<double>() > 0);
    CHECK(entry["min_us"].get<double>() <= entry["median_us"].get<double>());
    CHECK(entry["median_us"].get<double>() <= entry["max_us"].get<double>());
    CHECK(entry["rounds"].get<int>() >= 11);
  }
  for (const char* path : {"append_full_window", "append_hop"}) {
    CAPTURE(path);
    CHECK(parsed[path]["ratio"].get<double>() ==
          doctest::Approx(parsed[path]["median_us"].get<double>() /
                          parsed["history"]["median_us"].get<double>()));
  }
  // A quarter of the window's events cost one position each.
  CHECK(parsed["append_hop"]["median_us"] < parsed["append_full_window"]["median_us"]);
}

TEST_CASE("a failed conversion leaves the folder as it was") {
  const test::ScratchDir folder;
  const std::string out = folder.write("m.pintle", "the old file");
  const std::string what = "convert " + kSource + "--out " + out;
  // A limit of 8 blocks (4 or 8 KB): the model does not fit.
  Outcome run = pintle(what, "ulimit -f 8; ");
  CHECK(run.status == 1);
  CHECK(contains(run.err, "cannot write"));
  CHECK(read_file(out) == "the old file");
  CHECK(files_in(folder.path("")) == 1);

  run = pintle(what + " --items " + folder.write("items.csv", "id,title\n9000,Nothing\n"));
  CHECK(run.status == 1);
  CHECK(contains(run.err, "lists row 9000 of the checkpoint"));
  CHECK(read_file(out) == "the old file");
  CHECK(files_in(folder.path("")) == 2);

  run = pintle("convert --weights " + folder.path("absent.pt") + " --out " + out);
  CHECK(run.status == 1);
  CHECK(contains(run.err, "absent.pt"));
  run = pintle("convert " + kSource + "--out " + folder.path("absent/m.pintle"));
  CHECK(run.status == 1);
  CHECK(contains(run.err, "absent"));
  CHECK(read_file(out) == "the old file");
}

TEST_CASE("a full disk is named, and nothing is left on it") {
  const test::ScratchDir folder;
  const std::string disk = folder.path("disk");
  std::filesystem::create_directory(disk);
  // A disk of 32 KB, a third of the model, in a mount namespace of its own.
  const std::string mount = "mount -t tmpfs -o size=32k tmpfs '" + disk + "'";
  if (std::system(("unshare -rm " + mount + " 2>/dev/null").c_str()) != 0) {
    MESSAGE("skipped here: no disk can be mounted");
    return;
  }
  const std::string script = folder.write(
      "script", mount + " || exit 9\n" + "'" PINTLE_CLI "' convert " + kSource + kTables +
                    "--out '" + disk + "/m.pintle' 2>'" + folder.path("err") + "'\nstatus=$?\n" +
                    "[ -z \"$(ls -A '" + disk + "')\" ] || exit 9\nexit $status\n");
  const int status = std::system(("unshare -rm sh '" + script + "'").c_str());
  CHECK(WEXITSTATUS(status) == 1);
  CHECK(contains(read_file(folder.path("err")), "the disk is full"));
}

TEST_CASE("a full disk under standard output is an error, not a short list") {
  if (!std::filesystem::exists("/dev/full")) return;
  const int status = std::system("'" PINTLE_CLI "' recipes gpt2 >/dev/full 2>/dev/null");
  CHECK(WEXITSTATUS(status) == 1);
}

}  // namespace
}  // namespace pintle::converter
