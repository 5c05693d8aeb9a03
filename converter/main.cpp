// SPDX-License-Identifier: Apache-2.0
#include <csignal>
#include <cstdio>
#include <exception>
#include <iostream>
#include <new>

#include "converter/commands/commands.h"
#include "pintle/pintle.h"

namespace {

constexpr int kFailed = 1, kWrongUsage = 2;

}  // namespace

int main(int argc, char** argv) {
#ifdef SIGXFSZ
  // A file size limit then fails the write, with a message, instead of ending the process.
  std::signal(SIGXFSZ, SIG_IGN);
#endif
  CLI::App app("Pintle: sequential recommenders, from a trained checkpoint to the device.",
               "pintle");
  app.set_version_flag("--version", pintle_version());
  app.require_subcommand(1);
  app.footer(
      "`pintle VERB --help` describes a verb. Exit status: 0, 1 for an error (told on stderr), 2 "
      "for "
      "wrong usage.");
  pintle::converter::add_convert_command(&app);
  pintle::converter::add_delta_command(&app);
  pintle::converter::add_recipes_command(&app);
  pintle::converter::add_inspect_command(&app);
  pintle::converter::add_verify_command(&app);
  pintle::converter::add_recommend_command(&app);
  pintle::converter::add_evaluate_command(&app);
  pintle::converter::add_simulate_command(&app);
  pintle::converter::add_cold_start_command(&app);
  pintle::converter::add_explain_command(&app);
  pintle::converter::add_sweep_command(&app);
  pintle::converter::add_concept_command(&app);
  pintle::converter::add_bench_command(&app);
  pintle::converter::add_train_sae_command(&app);
  pintle::converter::add_label_command(&app);
  pintle::converter::add_build_command(&app);
  pintle::converter::add_report_command(&app);
  try {
    app.parse(argc, argv);
    std::cout.flush();
    if (!std::cout || std::fflush(stdout) != 0 || std::ferror(stdout) != 0) {
      std::cerr << "pintle: cannot write to standard output: is the disk full?\n";
      return kFailed;
    }
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kWrongUsage;
  } catch (const std::bad_alloc&) {
    std::cerr << "pintle: out of memory\n";
    return kFailed;
  } catch (const std::exception& error) {
    std::cerr << "pintle: " << error.what() << '\n';
    return kFailed;
  }
  return 0;
}
