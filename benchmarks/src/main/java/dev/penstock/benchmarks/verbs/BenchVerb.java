package dev.penstock.benchmarks.verbs;

import dev.penstock.loader.cli.UsageException;
import dev.penstock.loader.cli.Verb;
import picocli.CommandLine.Command;

/** The measurements; each is a part of its own. */
@Command(
    name = "bench",
    abbreviateSynopsis = true,
    sortOptions = false,
    synopsisSubcommandLabel = "PART",
    header = "Measures the whole pipeline or its parts.",
    description = {"Beside other ways of doing the same, in the same run."},
    subcommands = {
      PipelineVerb.class,
      CacheVerb.class,
      ShuffleVerb.class,
      OrderVerb.class,
      GenerateVerb.class,
      JmhVerb.class,
      RemoteVerb.class,
      RehearseVerb.class
    })
public final class BenchVerb extends Verb {
  @Override
  public Integer call() {
    throw new UsageException(
        "no part was given: pipeline, cache, shuffle, order, generate, remote or jmh");
  }
}
