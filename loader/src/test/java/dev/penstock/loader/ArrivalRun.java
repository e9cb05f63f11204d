package dev.penstock.loader;

import dev.penstock.cache.origin.Origin;
import dev.penstock.sharding.ArrivalOrder;
import dev.penstock.sharding.Position;
import dev.penstock.sharding.Shuffle;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;

/** The first batches of a run in the order of arrival, with all that was delivered. */
final class ArrivalRun {
  /** A row: its key, and what its fields' bytes are, by a hash. */
  record Row(String key, int fields) {}

  /** A batch, and where a run goes on behind it. */
  record Step(long step, long pass, int bad, List<Row> rows, String after) {
    List<String> keys() {
      return rows.stream().map(Row::key).toList();
    }

    Position position() {
      return CursorJson.position(after.getBytes(StandardCharsets.UTF_8));
    }
  }

  final List<Step> steps = new ArrayList<>();
  final ArrivalOrder order;
  List<BadSample> bad = List.of();

  private ArrivalRun(ArrivalOrder order) {
    this.order = order;
  }

  static LoaderConfig.Builder config(String dataset, int batchSize) {
    return LoaderConfig.builder(dataset)
        .memoryBytes(64 << 20)
        .cpus(2)
        .shuffle(Shuffle.ARRIVAL)
        .batchSize(batchSize);
  }

  /** Reads so many batches; nothing of the engine's memory is in use afterwards. */
  static ArrivalRun of(LoaderConfig config, int steps) throws IOException {
    return of(config, steps, UnaryOperator.identity());
  }

  static ArrivalRun of(LoaderConfig config, int steps, UnaryOperator<Origin> wrap)
      throws IOException {
    Engine engine = Engine.open(config.engine(), wrap);
    ArrivalRun run;
    try (Loader loader = Loader.open(config, engine)) {
      run = new ArrivalRun(((ArrivalSession) loader.sessionPlan()).arrival());
      for (Batch batch : loader) {
        try (batch) {
          run.steps.add(step(batch));
        }
        if (run.steps.size() == steps) {
          break;
        }
      }
      run.bad = loader.badSamples();
    }
    if (engine.budget().usedBytes() != 0) {
      throw new AssertionError(engine.budget().usedBytes() + " bytes were not given back");
    }
    return run;
  }

  static Step step(Batch batch) {
    List<Row> rows = new ArrayList<>();
    for (int row = 0; row < batch.rows(); row++) {
      int fields = 0;
      for (String name : batch.fieldNames()) {
        byte[] bytes = batch.value(name, row).toArray(ValueLayout.JAVA_BYTE);
        fields = 31 * fields + 7 * name.hashCode() + Arrays.hashCode(bytes);
        fields += batch.isNull(name, row) ? 1 : 0;
      }
      rows.add(new Row(batch.key(row), fields));
    }
    String after = new String(CursorJson.write(batch.position()), StandardCharsets.UTF_8);
    return new Step(batch.step(), batch.epoch(), batch.badSamples(), rows, after);
  }

  /** All rows, one batch behind the other. */
  List<Row> rows() {
    return steps.stream().flatMap(step -> step.rows().stream()).toList();
  }

  List<String> keys() {
    return rows().stream().map(Row::key).toList();
  }
}
