package dev.penstock.loader.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The command without a verb: it only explains itself. */
@Command(
    name = "penstock",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    synopsisSubcommandLabel = "VERB",
    description = "Feeds training data from shards to batches in the memory that trainers read.",
    footer = {
      "",
      "Exit status: 0 done, 1 failed, 2 wrong usage, 3 data found bad. Results go to standard",
      "output (--json for machines), everything else to standard error.",
      "",
      "Examples:",
      "  penstock demo",
      "  penstock read 'data/train-{000000..000009}.tar' --batch-size 64 --shuffle block --seed 7",
      "  penstock VERB --help"
    })
final class Penstock implements Runnable {
  @Spec private @org.jspecify.annotations.Nullable CommandSpec spec;

  @Override
  public void run() {
    if (spec != null) {
      throw new ParameterException(spec.commandLine(), "no verb was given");
    }
  }
}
