package dev.penstock.loader.sidecar;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.penstock.formats.SampleField;
import dev.penstock.formats.ShardWriter;
import dev.penstock.formats.WriterOptions;
import dev.penstock.loader.Engine;
import dev.penstock.loader.EngineConfig;
import dev.penstock.loader.FieldSpec;
import dev.penstock.loader.LoaderConfig;
import dev.penstock.loader.Session;
import dev.penstock.loader.SessionPlan;
import dev.penstock.loader.SlotLayout;
import dev.penstock.sharding.End;
import dev.penstock.sharding.Shuffle;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Compares what the pipeline writes into a ring with the files that the Python tests read. After a
 * deliberate change of the layout: {@code mvn test -pl loader -am -Dtest=RingGoldenTest
 * -Dpenstock.golden.write=true}, and raise the version.
 */
@Timeout(60)
final class RingGoldenTest {
  private static final Path GOLDEN = Path.of("..", "python", "tests", "golden");
  private static final long EPOCH = 77;
  private static final int SLOTS = 3;
  private static final long SLOT_BYTES = 12288;
  private static final int ROWS = 3;

  @TempDir Path root;

  /** Two batches of every kind of column, and the mark of the end. */
  private SessionPlan plan(Engine engine) throws IOException {
    Path archive = root.resolve("golden.tar");
    try (ShardWriter writer = ShardWriter.webDataset(archive, WriterOptions.plain())) {
      for (int i = 0; i < 2 * ROWS; i++) {
        writer.write(
            i == 1 ? "schlüssel" : "key" + i,
            List.of(
                SampleField.of("txt", "text ".repeat(i).getBytes(StandardCharsets.US_ASCII)),
                SampleField.of("cls", Integer.toString(i - 2).getBytes(StandardCharsets.US_ASCII)),
                SampleField.of("emb", floats(i))));
      }
    }
    List<FieldSpec> fields =
        List.of(
            FieldSpec.parse("txt"), FieldSpec.parse("cls:int"), FieldSpec.parse("emb:f32[2,2]"));
    return engine.plan(
        LoaderConfig.builder(archive.toString())
            .batchSize(ROWS)
            .shuffle(Shuffle.NONE)
            .end(End.DROP)
            .epochs(1)
            .fields(fields)
            .build()
            .session());
  }

  private static byte[] floats(int first) {
    ByteBuffer bytes = ByteBuffer.allocate(16).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < 4; i++) {
      bytes.putFloat(first + i / 4f);
    }
    return bytes.array();
  }

  @Test
  void writesWhatThePythonTestsRead() throws Exception {
    EngineConfig config = EngineConfig.embedded().withMemoryBytes(64L << 20).withCpus(1);
    try (Engine engine = Engine.open(config);
        Arena arena = Arena.ofShared()) {
      MemorySegment region = arena.allocate(RingLayout.regionBytes(SLOTS, SLOT_BYTES), 4096);
      RingLayout.initialize(region, SLOTS, SLOT_BYTES, EPOCH);
      Semaphore published = new Semaphore(0);
      SharedRing ring = new SharedRing(region, SLOTS, SLOT_BYTES, EPOCH, published::release);
      SessionPlan plan = plan(engine);
      try (Session session = engine.start(plan, ring, failure -> published.release(SLOTS))) {
        published.tryAcquire(SLOTS, 30, TimeUnit.SECONDS);
        assertEquals(java.util.Optional.empty(), session.failure());
      }
      for (int slot = 0; slot < SLOTS; slot++) {
        normalize(region, RingLayout.slotsOffset(SLOTS, SLOT_BYTES) + slot * SLOT_BYTES, slot);
      }
      compare("ring-v1.bin", region.toArray(ValueLayout.JAVA_BYTE));
      compare("ring-v1.json", expected(plan).getBytes(StandardCharsets.UTF_8));
    }
  }

  /** Replaces what is no matter of the layout: the time, and the cursor but for its position. */
  private static void normalize(MemorySegment region, long slot, int number) throws IOException {
    RingLayout.LONG.set(region, slot + SlotLayout.PUBLISHED_NANOS, 1000L + number);
    long at = slot + (int) RingLayout.INT.get(region, slot + SlotLayout.CURSOR_OFFSET);
    int bytes = (int) RingLayout.INT.get(region, slot + SlotLayout.CURSOR_BYTES);
    MemorySegment text = region.asSlice(at, bytes);
    JsonNode cursor = Messages.JSON.readTree(text.toArray(ValueLayout.JAVA_BYTE));
    text.fill((byte) 0);
    ObjectNode position = Messages.JSON.createObjectNode();
    for (String name : List.of("epoch", "index", "step")) {
      position.set(name, cursor.get(name));
    }
    byte[] json = position.toString().getBytes(StandardCharsets.UTF_8);
    MemorySegment.copy(json, 0, region, ValueLayout.JAVA_BYTE, at, json.length);
    RingLayout.INT.set(region, slot + SlotLayout.CURSOR_BYTES, json.length);
  }

  private static String expected(SessionPlan plan) {
    ObjectNode json = Messages.JSON.createObjectNode();
    json.put("slot_count", SLOTS).put("slot_bytes", SLOT_BYTES).put("daemon_epoch", EPOCH);
    json.set("schema", plan.schema().toJson());
    ArrayNode batches = json.putArray("batches");
    for (int batch = 0; batch < 2; batch++) {
      ObjectNode one = batches.addObject();
      ArrayNode keys = one.putArray("keys");
      ArrayNode txt = one.putArray("txt");
      ArrayNode cls = one.putArray("cls");
      ArrayNode emb = one.putArray("emb");
      for (int i = ROWS * batch; i < ROWS * (batch + 1); i++) {
        keys.add(i == 1 ? "schlüssel" : "key" + i);
        txt.add("text ".repeat(i));
        cls.add(i - 2);
        for (int k = 0; k < 4; k++) {
          emb.add(i + k / 4f);
        }
      }
    }
    return json.toPrettyString() + "\n";
  }

  private static void compare(String name, byte[] produced) throws IOException {
    Path file = GOLDEN.resolve(name);
    if (Boolean.getBoolean("penstock.golden.write")) {
      Files.createDirectories(GOLDEN);
      Files.write(file, produced);
    }
    assertArrayEquals(
        Files.readAllBytes(file), produced, name + " differs from what the pipeline writes");
  }
}
