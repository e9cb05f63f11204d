package dev.penstock.loader.cli;

import dev.penstock.loader.Batch;
import dev.penstock.loader.EngineConfig;
import dev.penstock.loader.Loader;
import dev.penstock.loader.LoaderConfig;
import dev.penstock.loader.LoaderStats;
import dev.penstock.sharding.Position;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Runs the pipeline in this process and says what it did. */
@Command(
    name = "read",
    abbreviateSynopsis = true,
    sortOptions = false,
    header = "Runs the pipeline in this process; says rate, cost and what limited it.",
    footer = {
      "",
      "Examples:",
      "  penstock read 'data/train-{000000..000009}.tar' --batch-size 64 --seed 7 --keys keys.tsv",
      "  penstock read --mix web=0.7 --mix 'code=0.3,epochs=2' --used-up hand-over --epochs 0",
      "  penstock read data --steps 100 --cursor-out at.json",
      "  penstock read data --cursor at.json --batch-size 16 --world 4 --rank 0 --digest"
    })
final class ReadVerb extends Verb {
  @Mixin private OrderOptions order = new OrderOptions();
  @Mixin private EngineOptions engine = new EngineOptions();
  @Mixin private CacheOptions cache = new CacheOptions();

  @Option(
      names = "--cursor-out",
      paramLabel = "FILE",
      order = 10,
      description = "Write where the run stopped to FILE, for --cursor.")
  private Optional<Path> cursorOut = Optional.empty();

  @Option(
      names = "--keys",
      paramLabel = "FILE|-",
      order = 20,
      description = "Write epoch, step, rank, row, key and mixture's source, by tabs.")
  private Optional<String> keys = Optional.empty();

  @Option(
      names = "--digest",
      order = 21,
      description = "Print one SHA-256 over all that is delivered, in its order.")
  private boolean wantsDigest;

  @Option(names = "--json", order = 22, description = "Print the results as one JSON object.")
  private boolean json;

  private long opened;
  private Delivered delivered = new Delivered(List.of());
  private @Nullable Position last;

  @Override
  public Integer call() throws IOException {
    LoaderConfig config =
        UsageException.check(
            () -> order.loader().engine(cache.add(engine.engine(EngineConfig.embedded()))).build());
    long most = order.steps();
    cursorOut.ifPresent(CursorFile::checkWritable);
    long began = System.nanoTime();
    try (StopSignal stop = StopSignal.listen();
        KeysFile keysFile = keys.isPresent() ? KeysFile.open(keys.get(), console()) : null) {
      BatchDigest digest = wantsDigest ? new BatchDigest() : null;
      ReadReport report;
      try (Loader loader = UsageException.checkIo(() -> Loader.open(config))) {
        last = loader.sessionPlan().start();
        delivered = new Delivered(loader.sessionPlan().sourceNames());
        opened = System.nanoTime();
        CpuClock cpu = CpuClock.start();
        if (most > 0) {
          drain(loader, config.session().rank(), most, keysFile, digest, stop);
        }
        long wall = System.nanoTime() - opened;
        LoaderStats stats = loader.stats();
        report =
            new ReadReport(
                delivered,
                stats,
                loader.engine().originStats(),
                loader.engine().cacheStats(),
                opened - began,
                wall,
                cpu.nanos(),
                Optional.ofNullable(digest).map(BatchDigest::finish));
      }
      if (cursorOut.isPresent() && last != null) {
        CursorFile.write(cursorOut.get(), last);
      }
      show(report);
    }
    return ExitCode.DONE;
  }

  private void drain(
      Loader loader,
      int rank,
      long most,
      @Nullable KeysFile keysFile,
      @Nullable BatchDigest digest,
      StopSignal stop)
      throws IOException {
    List<String> sources = loader.sessionPlan().sourceNames();
    for (Batch batch : loader) {
      try (batch) {
        delivered.add(batch);
        if (keysFile != null) {
          for (int row = 0; row < batch.rows(); row++) {
            String source = sources.isEmpty() ? "" : sources.get(batch.source(row));
            keysFile.add(batch.epoch(), batch.step(), rank, row, batch.key(row), source);
          }
          keysFile.endStep();
        }
        if (digest != null) {
          digest.add(batch);
        }
        if (cursorOut.isPresent()) {
          last = batch.position();
        }
      }
      if (stop.isRaised()) {
        console().note("stopped after %,d batches, as the process was told", delivered.batches());
        return;
      }
      if (delivered.batches() == most) {
        return;
      }
    }
  }

  private void show(ReadReport report) {
    if (json) {
      console().json(report.asMap());
      return;
    }
    boolean outIsKeys = keys.filter("-"::equals).isPresent();
    report.lines().forEach(line -> console().result(outIsKeys, line));
  }
}
