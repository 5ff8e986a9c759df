// SPDX-License-Identifier: BSD-2-Clause
#include "cli/app.h"

#include "cli/args.h"

namespace xvnet::cli {

namespace {

void declare_globals(CLI::App& app, GlobalWords& words) {
  add_word(app, "--instance", words.instance, "NAME", "name of the instance; default: xvnet")
      ->envname("XVNET_INSTANCE");
  app.add_flag("--json", words.json, "JSON instead of text");
  app.add_flag("--brief", words.brief, "one line per object");
  app.add_flag("--dry-run", words.dry_run, "print the steps without doing them");
  app.add_flag("--verbose-verifier", words.verbose_verifier,
               "print the whole verifier log if the kernel refuses a program");
}

}  // namespace

void declare(CLI::App& app, GlobalWords& words, Run& chosen) {
  app.require_subcommand(1)->fallthrough();
  app.set_help_flag("-h,--help", "print this help and exit");
  app.set_version_flag("--version", "xvnet " XVNET_VERSION, "print the version and exit");
  app.footer("The options of xvnet --help go before or after any command. See xvnet(8).");
  declare_globals(app, words);
  add_attach(app, chosen);
  add_detach(app, chosen);
  add_uplink(app, chosen);
  add_network(app, chosen);
  add_forward(app, chosen);
  add_show(app, chosen);
  add_stats(app, chosen);
  add_doctor(app, chosen);
  add_save(app, chosen);
  add_restore(app, chosen);
  add_upgrade(app, chosen);
  add_down(app, chosen);
}

}  // namespace xvnet::cli
