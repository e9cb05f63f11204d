package dev.penstock.loader;

import dev.penstock.formats.ByteRun;
import dev.penstock.formats.ByteSource;
import dev.penstock.formats.ByteSource.ByteLease;
import dev.penstock.formats.MalformedRecordException;
import dev.penstock.formats.SampleParser;
import dev.penstock.formats.SampleView;
import dev.penstock.formats.ShardIndex;
import dev.penstock.loader.Session.Assignment;
import java.io.IOException;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Turns batches of leased bytes into filled slots: measure, place, copy. Where the index knows the
 * fields' places (tar) a row's lease is held only while the row is copied; elsewhere all rows are
 * parsed first. One thread.
 */
final class GatherTask implements Session.Task, AutoCloseable {
  /** Stand-ins tried for one bad sample before the run fails. */
  private static final int MAX_REPLACEMENTS = 1000;

  private final Session session;
  private final SessionPlan plan;
  private final SampleParser parser;
  private final BatchWriter writer;
  private final RowFiller filler;
  private final boolean placesKnown;
  private final RowMeasure measure;
  private final FieldMap map;
  private final InPlaceRead inPlace;
  private Row[] rows = new Row[0];

  /** The pack of the row that is being filled. */
  private int pack;

  /** The first token of its sample that the row has. */
  private int start;

  /** Waits of the present batch for its bytes. */
  private long starvedNanos;

  /** The bytes and the parsed fields of one row. */
  private static final class Row {
    final ByteRun run = new ByteRun();
    final SampleView view = new SampleView();
    @Nullable ByteLease lease;
    @Nullable Exception bad;
  }

  GatherTask(Session session) {
    this.session = session;
    this.plan = session.plan;
    this.parser = plan.format().parser(plan.names());
    this.map = new FieldMap(plan.names(), plan.schema().columnNumbers());
    this.writer = new BatchWriter(plan.schema(), session.ring, plan.cursorBytes());
    this.placesKnown = plan.format().placesKnown();
    this.filler = new RowFiller(plan.schema(), writer, plan.pieces());
    this.measure = new RowMeasure(plan.schema(), plan.pieces());
    this.inPlace = new InPlaceRead(plan.schema(), session.budget);
  }

  @Override
  public void run() throws IOException, InterruptedException {
    while (true) {
      Assignment next = session.take();
      BatchWork work = next.work();
      if (work.isEnd()) {
        BatchWriter.writeEnd(
            next.slot(), work.sequence, work.step, work.epoch, CursorJson.write(work.after));
        session.publishEnd(work.sequence, next.slot());
        return;
      }
      gather(work, next.slot());
    }
  }

  private void gather(BatchWork work, Slot claimed) throws IOException, InterruptedException {
    boolean done = false;
    try {
      starvedNanos = 0;
      long start = System.nanoTime();
      if (placesKnown) {
        measure.fromIndexes(work);
      } else {
        parseAll(work);
        measureParsed(work);
      }
      writer.start(claimed, work.rows, measure.bytes());
      int bad = 0;
      for (int row = 0; row < work.rows; row++) {
        bad += gatherRow(work, row, placesKnown ? 0 : row) ? 0 : 1;
      }
      Slot filled =
          writer.finish(work.sequence, work.step, work.epoch, bad, CursorJson.write(work.after));
      session.gather.busyNanos.add(Math.max(0, System.nanoTime() - start - starvedNanos));
      session.gather.starvedNanos.add(starvedNanos);
      session.gather.samples.add(writer.rows());
      session.gather.bytes.add(writer.payloadBytes());
      session.publish(work.sequence, filled);
      done = true;
    } catch (IOException | RuntimeException e) {
      closeLeases();
      session.awaitTurn(work.sequence);
      throw e;
    } finally {
      closeLeases();
      if (done) {
        work.discard(session);
      } else {
        session.abandon(work);
      }
    }
  }

  private Row row(int i) {
    if (i >= rows.length) {
      int made = rows.length;
      rows = Arrays.copyOf(rows, Math.max(i + 1, 2 * made));
      for (int j = made; j < rows.length; j++) {
        rows[j] = new Row();
      }
    }
    return rows[i];
  }

  private void closeLeases() {
    for (Row row : rows) {
      closeLease(row);
    }
  }

  private static void closeLease(Row row) {
    ByteLease lease = row.lease;
    if (lease != null) {
      row.lease = null;
      row.run.clear();
      lease.close();
    }
  }

  private void parseAll(BatchWork work) throws IOException, InterruptedException {
    for (int i = 0; i < work.rows; i++) {
      parse(work, i, row(i));
    }
  }

  private void measureParsed(BatchWork work) {
    measure.clear();
    for (int i = 0; i < work.rows; i++) {
      if (row(i).bad == null) {
        measure.add(map, work.shards[i], work.ordinals[i], row(i).view);
      }
    }
  }

  /** Takes, awaits and parses a row's bytes; a malformed record is kept as the row's verdict. */
  private void parse(BatchWork work, int i, Row row) throws IOException, InterruptedException {
    row.bad = null;
    ByteLease lease = work.takeLease(i);
    row.lease = lease;
    ShardView shard = work.shards[i];
    if (shard.index.isDamaged(work.ordinals[i])) {
      row.bad = damage(shard, work.ordinals[i]);
    } else if (lease == null) {
      readInPlace(work.shards[i], work.ordinals[i], row);
    } else {
      parse(work.shards[i], work.ordinals[i], lease, row);
    }
  }

  private static MalformedRecordException damage(ShardView shard, int ordinal) {
    return new MalformedRecordException(
        shard.name,
        shard.index.sampleOffset(ordinal),
        shard.index.damage() + "; what lies behind it in this shard cannot be found");
  }

  private void readInPlace(ShardView shard, int ordinal, Row row) throws IOException {
    try {
      inPlace.read(shard, ordinal, writer, row.run);
      parser.parse(shard.name, shard.index.sampleOffset(ordinal), row.run, row.view);
    } catch (MalformedRecordException e) {
      row.bad = e;
    } finally {
      inPlace.restore(writer.memory());
    }
  }

  private void parse(ShardView shard, int ordinal, ByteLease lease, Row row)
      throws IOException, InterruptedException {
    try {
      row.run.clear();
      inPlace.clear();
      if (lease.isReady()) {
        lease.await(row.run);
      } else {
        long start = System.nanoTime();
        lease.await(row.run);
        starvedNanos += System.nanoTime() - start;
      }
      parser.parse(shard.name, shard.index.sampleOffset(ordinal), row.run, row.view);
    } catch (MalformedRecordException e) {
      row.bad = e;
    }
  }

  /** Returns whether the row's own sample was good. */
  private boolean gatherRow(BatchWork work, int i, int slotOfRow)
      throws IOException, InterruptedException {
    Row row = row(slotOfRow);
    pack = work.packs[i];
    start = work.starts[i];
    writer.beginRow();
    if (placesKnown) {
      parse(work, i, row);
    }
    byte flags = work.valid[i] ? 0 : BatchSchema.ROW_PADDING;
    boolean good = fill(work.shards[i], work.ordinals[i], row, flags);
    closeLease(row);
    if (!good) {
      note(work.shards[i], work.ordinals[i], row.bad);
      if (plan.config().onBad() == BadSamplePolicy.REPLACE
          && plan instanceof PlannedSession planned) {
        replace(planned, work, i, row, (byte) (flags | BatchSchema.ROW_REPLACEMENT));
      }
    }
    return good;
  }

  private boolean fill(ShardView shard, int ordinal, Row row, byte flags) {
    if (row.bad != null) {
      writer.rollbackRow();
      return false;
    }
    try {
      long keyAt = writer.reserve(0, shard.index.keyBytes(ordinal));
      shard.index.keyTo(ordinal, writer.memory(), keyAt);
      writer.putByte(1, flags);
      if (plan.schema().hasSource()) {
        writer.putInt(2, shard.part);
      }
      if (plan.schema().hasPack()) {
        writer.putInt(plan.schema().packColumn(), pack);
      }
      if (plan.schema().hasStart()) {
        writer.putInt(plan.schema().startColumn(), start);
      }
      filler.fill(map, row.view, row.run, inPlace, start);
      writer.commitRow();
      session.countRow(shard.part);
      return true;
    } catch (FieldFormatException e) {
      writer.rollbackRow();
      row.bad =
          new MalformedRecordException(
              shard.name, shard.index.sampleOffset(ordinal), String.valueOf(e.getMessage()));
      return false;
    }
  }

  private void note(ShardView shard, int ordinal, @Nullable Exception bad) {
    Exception cause = bad == null ? new IllegalStateException("no verdict") : bad;
    ShardIndex index = shard.index;
    long sample = plan.sampleNumber(shard, ordinal);
    String reason =
        cause instanceof MalformedRecordException malformed
            ? malformed.reason()
            : String.valueOf(cause.getMessage());
    session.badSamples.add(
        sample,
        new BadSample(shard.name, index.sampleOffset(ordinal), index.key(ordinal), reason),
        session.gather.samples.sum(),
        cause);
  }

  /** Puts the next good sample of the same window into the row. */
  private void replace(PlannedSession planned, BatchWork work, int i, Row row, byte flags)
      throws IOException, InterruptedException {
    long attempts = Math.min(MAX_REPLACEMENTS, planned.substitutes(work, i));
    for (int attempt = 1; attempt <= attempts; attempt++) {
      PlannedSession.Place place = planned.substitute(work, i, attempt);
      int number = place.shard();
      int ordinal = place.ordinal();
      ShardView shard = session.shards().acquire(number);
      try {
        if (standIn(shard, ordinal, row, flags)) {
          return;
        }
        note(shard, ordinal, row.bad);
      } finally {
        session.release(shard);
      }
    }
    throw new PipelineFailedException(
        "gather",
        new IOException(
            "no good sample was found among %d to stand in for a bad one".formatted(attempts)));
  }

  /** Reads a sample into the row; whether it was good. */
  private boolean standIn(ShardView shard, int ordinal, Row row, byte flags)
      throws IOException, InterruptedException {
    ShardIndex index = shard.index;
    if (index.isDamaged(ordinal)) {
      row.bad = damage(shard, ordinal);
      return false;
    }
    try (ByteSource source =
            session
                .side
                .orElseThrow()
                .open(
                    shard.number,
                    plan.dataset().object(shard.number),
                    index.frames(),
                    index.decodedBytes());
        ByteLease lease = source.request(index.sampleOffset(ordinal), index.sampleBytes(ordinal))) {
      row.bad = null;
      writer.beginRow();
      parse(shard, ordinal, lease, row);
      boolean good = fill(shard, ordinal, row, flags);
      row.run.clear();
      return good;
    }
  }

  @Override
  public void close() {
    inPlace.close();
  }
}
