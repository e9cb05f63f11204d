package dev.penstock.loader.cli;

import dev.penstock.loader.BadSamplePolicy;
import dev.penstock.loader.Batching;
import dev.penstock.loader.FieldSpec;
import dev.penstock.loader.LoaderConfig;
import dev.penstock.loader.MixForm;
import dev.penstock.loader.SampleFilter;
import dev.penstock.sharding.End;
import dev.penstock.sharding.Position;
import dev.penstock.sharding.Shuffle;
import dev.penstock.sharding.UsedUp;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The dataset and the order of its samples: the same options for the bytes and for the plan. */
final class OrderOptions {
  @Parameters(
      paramLabel = "DATASET",
      arity = "0..*",
      description = "Path, URL, glob, directory, @list.txt or {000..146}; or --mix.")
  private List<String> dataset = List.of();

  @Option(
      names = "--mix",
      paramLabel = "DATASET=WEIGHT",
      order = 0,
      description = "A source and its share, ,epochs=N and ,name=NAME after it. Repeated.")
  private List<String> mix = List.of();

  @Option(
      names = "--used-up",
      paramLabel = "HOW",
      order = 0,
      description = "After a source's epochs: stop, or hand-over its share (default stop).")
  private String usedUp = "stop";

  @Option(
      names = "--filter",
      paramLabel = "FILTER",
      order = 0,
      description = "split:..0.9, range:0..99, keys:@FILE, has:FIELD or bytes:..1000.")
  private List<String> filters = List.of();

  @Option(
      names = "--batch-size",
      paramLabel = "ROWS",
      order = 1,
      description = "Rows of this rank's batches (default 64).")
  private int batchSize = 64;

  @Option(
      names = "--batching",
      paramLabel = "RULE",
      order = 1,
      description = "first-fit:FIELD:N, best-fit:FIELD:N, bucket:FIELD or tokens:FIELD:N.")
  private Optional<String> batching = Optional.empty();

  @Option(
      names = "--shuffle",
      paramLabel = "ORDER",
      order = 2,
      description = "none (stored order), block, global or arrival (default block).")
  private Shuffle shuffle = Shuffle.BLOCK;

  @Option(
      names = "--seed",
      paramLabel = "N",
      order = 3,
      description = "Seed of the order (default 0); the same seed gives the same order.")
  private long seed;

  @Option(
      names = "--epochs",
      paramLabel = "N",
      order = 4,
      description = "Passes over the data (default 1); 0 never ends.")
  private Optional<Long> epochs = Optional.empty();

  @Option(
      names = "--end",
      paramLabel = "HOW",
      order = 5,
      description = "A last step that is not full: drop, pad or carry (default drop).")
  private Optional<End> end = Optional.empty();

  @Option(
      names = "--rank",
      paramLabel = "R",
      order = 6,
      description = "This data-parallel rank, from 0 (default 0).")
  private int rank;

  @Option(
      names = "--world",
      paramLabel = "N",
      order = 7,
      description = "Number of data-parallel ranks (default 1).")
  private int world = 1;

  @Option(
      names = "--steps",
      paramLabel = "T",
      order = 8,
      description = "Stop after T steps (default: at the end of the epochs).")
  private Optional<Long> steps = Optional.empty();

  @Option(
      names = "--cursor",
      paramLabel = "FILE",
      order = 9,
      description = "Go on where the cursor in FILE stands, in its order.")
  private Optional<Path> cursorFile = Optional.empty();

  @Option(
      names = "--skip",
      paramLabel = "STEPS",
      order = 9,
      description = "Leave out so many steps from there on; with --skip=-20, go back 20.")
  private long skip;

  @Option(
      names = "--order-id",
      paramLabel = "HEX",
      order = 9,
      description = "Fail unless the order is this one, as plan prints it on another rank.")
  private Optional<String> orderId = Optional.empty();

  @Option(
      names = "--field",
      paramLabel = "NAME[:TYPE]",
      order = 11,
      description =
          "Deliver this field, as bytes, int, float, npy, ints, floats or f32[3,8] (default: all,"
              + " as bytes). Repeated.")
  private List<String> fields = List.of();

  @Option(
      names = "--on-bad",
      paramLabel = "POLICY",
      order = 12,
      description = "A sample found bad: fail, skip or replace (default fail).")
  private BadSamplePolicy onBad = BadSamplePolicy.FAIL;

  @Option(
      names = "--lanes",
      paramLabel = "L",
      order = 60,
      description = "Logical readers of the block order (default: from data and batch).")
  private Optional<Integer> lanes = Optional.empty();

  @Option(
      names = "--window",
      paramLabel = "K",
      order = 61,
      description = "Samples of a lane permuted among themselves (default: likewise).")
  private Optional<Integer> window = Optional.empty();

  @Option(
      names = "--groups",
      paramLabel = "C",
      order = 62,
      description = "Parts of the data that stay with their lanes (default: likewise).")
  private Optional<Integer> groups = Optional.empty();

  @Option(
      names = "--extent",
      paramLabel = "SAMPLES",
      order = 63,
      description = "Run of samples that the shuffle moves as one (default: 64MiB worth).")
  private Optional<Integer> extent = Optional.empty();

  /** How many steps to do at most. */
  long steps() {
    long most = steps.orElse(Long.MAX_VALUE);
    if (most < 0) {
      throw new UsageException(
          "--steps: value is too small (%d), at least 0 is required".formatted(most));
    }
    return most;
  }

  private Optional<Position> cursor() {
    return cursorFile.map(CursorFile::read);
  }

  /** A configuration with these options; refuses what cannot be. */
  LoaderConfig.Builder loader() {
    return UsageException.check(
        () -> {
          LoaderConfig.Builder builder =
              data()
                  .usedUp(usedUp())
                  .filters(SampleFilter.parseAll(filters))
                  .skip(skip)
                  .batchSize(batchSize)
                  .shuffle(shuffle)
                  .seed(seed)
                  .rank(rank)
                  .world(world)
                  .fields(fields.stream().map(FieldSpec::parse).toList())
                  .onBad(onBad);
          refuseEnds();
          epochs.ifPresent(builder::epochs);
          end.ifPresent(builder::end);
          cursor().ifPresent(builder::cursor);
          batching.map(Batching::parse).ifPresent(builder::batching);
          orderId.ifPresent(builder::orderId);
          lanes.ifPresent(builder::lanes);
          window.ifPresent(builder::window);
          groups.ifPresent(builder::groups);
          extent.ifPresent(builder::extentSamples);
          return builder;
        });
  }

  /** Also where what was said is the default: whoever says it expects an end. */
  private void refuseEnds() {
    if (shuffle == Shuffle.ARRIVAL && end.isPresent()) {
      throw new UsageException(
          "--end: --shuffle arrival has no epochs, so no last step that is not full");
    }
  }

  private LoaderConfig.Builder data() {
    if (mix.isEmpty()) {
      if (dataset.isEmpty()) {
        throw new UsageException("Missing required parameter: DATASET, or sources with --mix");
      }
      return LoaderConfig.builder(dataset);
    }
    if (!dataset.isEmpty()) {
      throw new UsageException(
          "--mix: %s was named besides; give it a weight: --mix %s=WEIGHT"
              .formatted(dataset.getFirst(), dataset.getFirst()));
    }
    return LoaderConfig.mixture(mix.stream().map(MixForm::parse).toList());
  }

  private UsedUp usedUp() {
    return switch (usedUp.toLowerCase(Locale.ROOT)) {
      case "stop" -> UsedUp.STOP;
      case "hand-over", "hand_over" -> UsedUp.HAND_OVER;
      default ->
          throw new UsageException(
              "--used-up: '%s' is neither stop nor hand-over".formatted(usedUp));
    };
  }
}
