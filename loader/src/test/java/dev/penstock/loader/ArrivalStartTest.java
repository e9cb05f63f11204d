package dev.penstock.loader;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.cache.origin.FaultyOrigin;
import dev.penstock.cache.origin.FaultyOrigin.Fault;
import dev.penstock.cache.origin.FaultyOrigin.Faults;
import dev.penstock.cache.origin.OpenObject;
import dev.penstock.cache.origin.Origin;
import dev.penstock.cache.origin.OriginException;
import dev.penstock.cache.origin.RangeRead;
import dev.penstock.cache.origin.StoredObject;
import dev.penstock.sharding.ArrivalCursor;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the order of arrival asks a store for, before the first batch and under faults. */
class ArrivalStartTest {
  private static final int MEAN_BYTES = 50_000;

  /**
   * A store that gives so many bytes, and no more until it is told to: whoever needs more than that
   * for a first batch waits for ever.
   */
  private static final class Gate implements Origin {
    private final Origin inner;
    private long left;
    private boolean open;
    private final Queue<Runnable> held = new ArrayDeque<>();

    /** Where the first read of each shard began: later ones may be those of the next pass. */
    final Map<String, Long> firstRead = new ConcurrentHashMap<>();

    Gate(Origin inner, long bytes) {
      this.inner = inner;
      this.left = bytes;
    }

    private synchronized boolean takes(long bytes, Runnable later) {
      if (open || bytes <= left) {
        left -= bytes;
        return true;
      }
      left = 0; // what comes after it waits too
      held.add(later);
      return false;
    }

    void open() {
      Queue<Runnable> waiting;
      synchronized (this) {
        open = true;
        waiting = new ArrayDeque<>(held);
        held.clear();
      }
      waiting.forEach(Runnable::run);
    }

    @Override
    public boolean handles(String location) {
      return inner.handles(location);
    }

    @Override
    public Optional<StoredObject> find(String location) throws OriginException {
      return inner.find(location);
    }

    @Override
    public List<StoredObject> list(String directory, int depth) throws OriginException {
      return inner.list(directory, depth);
    }

    @Override
    public OpenObject open(StoredObject object) throws OriginException {
      OpenObject real = inner.open(object);
      return new OpenObject() {
        @Override
        public StoredObject object() {
          return real.object();
        }

        @Override
        public void read(RangeRead read) {
          firstRead.putIfAbsent(real.object().name(), read.offset());
          Runnable start =
              () -> {
                real.read(read);
                real.flush();
              };
          if (takes(read.length(), start)) {
            real.read(read);
          }
        }

        @Override
        public void flush() {
          real.flush();
        }

        @Override
        public int readNow(long offset, MemorySegment target, long targetOffset, int length)
            throws OriginException {
          takes(length, () -> {}); // small: heads of shards
          return real.readNow(offset, target, targetOffset, length);
        }

        @Override
        public boolean isResident() {
          return false;
        }

        @Override
        public void close() {
          real.close();
        }
      };
    }

    @Override
    public void attach(MemorySegment slab) {
      inner.attach(slab);
    }

    @Override
    public String description() {
      return "gate";
    }

    @Override
    public void close() {
      inner.close();
    }
  }

  /**
   * The first batch needs the first windows of the lanes, however large and many the shards are.
   */
  @Test
  @Timeout(value = 60, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void theFirstBatchComesAfterSomeBlocks(@TempDir Path directory) throws IOException {
    int shards = 16;
    int samples = 60;
    TestShards.write(directory, shards, samples, MEAN_BYTES); // 48 MB
    LoaderConfig config =
        ArrivalRun.config(directory + "/train-{000000..000015}.tar", 16)
            .memoryBytes(256 << 20)
            .build();
    Gate[] gate = new Gate[1];
    // A look at the first shard's head, and four first windows of 1 to 1.75 MiB in whole blocks,
    // with what tells codecs and the windows' last samples.
    long allowed = (2 << 20) + 4 * (2 << 20);
    Engine engine =
        Engine.open(
            config.engine(),
            origin -> {
              Gate made = new Gate(origin, allowed);
              gate[0] = origin.handles("/x") ? made : gate[0];
              return made;
            });
    try (Loader loader = Loader.open(config, engine)) {
      try (Batch first = loader.iterator().next()) {
        assertEquals(16, first.rows());
      } finally {
        gate[0].open(); // closing waits for what was asked for
      }
    }
    assertEquals(0, engine.budget().usedBytes());
  }

  @Test
  void aResumeReadsNothingOfPlainShardsBeforeTheirWindows(@TempDir Path directory)
      throws IOException {
    TestShards.write(directory, 4, 60, MEAN_BYTES);
    LoaderConfig.Builder config =
        ArrivalRun.config(directory + "/train-{000000..000003}.tar", 8).lanes(2).window(10);
    ArrivalRun whole = ArrivalRun.of(config.build(), 14);
    ArrivalCursor saved = (ArrivalCursor) whole.steps.get(9).position();
    Gate[] gate = new Gate[1];
    ArrivalRun resumed =
        ArrivalRun.of(
            config.cursor(saved).build(),
            4,
            origin -> {
              Gate made = new Gate(origin, Long.MAX_VALUE);
              gate[0] = origin.handles("/x") ? made : gate[0];
              return made;
            });
    assertEquals(whole.steps.subList(10, 14), resumed.steps);
    assertEquals(2, saved.open().size());
    int[] pass = whole.order.pass(saved.pass());
    for (ArrivalCursor.Lane lane : saved.open()) {
      long offset = lane.offset();
      assertTrue(offset > 1 << 20, "the window begins inside the shard");
      if (pass[lane.place()] > 0) { // the first shard's head is looked at for the columns
        Long first = gate[0].firstRead.get("train-%06d.tar".formatted(pass[lane.place()]));
        assertEquals(offset / (512 << 10) * (512 << 10), first);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4})
  void temporaryFaultsAreNotSeen(long seed, @TempDir Path directory) throws IOException {
    TestShards.write(directory, 4, 40, MEAN_BYTES);
    Faults faults =
        new Faults(Map.of(Fault.ERROR, 0.05, Fault.SHORT_READ, 0.1, Fault.STALL, 0.05), 5);
    LoaderConfig config =
        ArrivalRun.config(directory + "/train-{000000..000003}.tar", 8).seed(seed).build();
    ArrivalRun run = ArrivalRun.of(config, 40, origin -> new FaultyOrigin(origin, faults, seed));
    assertEquals(ArrivalRun.of(config, 40).steps, run.steps, "seed " + seed);
    assertEquals(160, new HashSet<>(run.keys().subList(0, 160)).size());
  }

  /** Memory is asked for within the budget, which refuses what goes beyond it. */
  @Test
  void passesBeyondTheMemoryStayInIt(@TempDir Path directory) throws IOException {
    TestShards.write(directory, 6, 120, MEAN_BYTES); // 36 MB beside a budget of 32
    LoaderConfig config =
        ArrivalRun.config(directory + "/train-{000000..000005}.tar", 16)
            .memoryBytes(EngineConfig.MIN_MEMORY_BYTES)
            .slots(2)
            .build();
    ArrivalRun run = ArrivalRun.of(config, 90);
    assertEquals(720, new HashSet<>(run.keys().subList(0, 720)).size());
    assertEquals(720, new HashSet<>(run.keys().subList(720, 1440)).size());
  }
}
