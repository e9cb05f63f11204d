package dev.penstock.loader;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.penstock.formats.SampleField;
import dev.penstock.formats.ShardWriter;
import dev.penstock.formats.WriterOptions;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.IntBuffer;
import java.nio.ReadOnlyBufferException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.StreamSupport;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.complex.FixedSizeListVector;
import org.apache.arrow.vector.complex.ListVector;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Packs beside what the Python client makes of the same documents: {@code
 * python/tests/golden/packs-v1.json}, which {@code python/tests/test_packs.py} writes and compares.
 */
class PacksTest {
  private static final int TOKENS = 64;
  private static final int PACKS = 3;
  private static final long PAD = 9999;

  @TempDir static Path directory = Path.of("");

  private static JsonNode golden = new ObjectMapper().createObjectNode();

  /** The documents of the script: two shards of 60, of 1 to 90 uint16 tokens. */
  @BeforeAll
  static void writeShards() throws IOException {
    Path file = Path.of("..", "python", "tests", "golden", "packs-v1.json");
    golden = new ObjectMapper().readTree(file.toFile());
    for (int shard = 0; shard < 2; shard++) {
      try (ShardWriter writer =
          ShardWriter.webDataset(directory.resolve(shard + ".tar"), WriterOptions.plain())) {
        for (int number = 60 * shard; number < 60 * shard + 60; number++) {
          int length = number * 37 % 90 + 1;
          ByteBuffer ids = ByteBuffer.allocate(2 * length).order(ByteOrder.LITTLE_ENDIAN);
          for (int i = 0; i < length; i++) {
            ids.putShort((short) (number * 100 + i));
          }
          writer.write("%04d".formatted(number), List.of(SampleField.of("ids", ids.array())));
        }
      }
    }
  }

  private static LoaderConfig config(String rule) {
    return LoaderConfig.builder(directory.toString())
        .memoryBytes(64 << 20)
        .cpus(1)
        .batchSize(PACKS)
        .seed(5)
        .epochs(1)
        .batching(Batching.parse(rule))
        .fields(List.of(FieldSpec.parse("ids:u16[]")))
        .build();
  }

  private static int[] ints(JsonNode array) {
    return StreamSupport.stream(array.spliterator(), false)
        .flatMapToInt(one -> one.isArray() ? IntStream.of(ints(one)) : IntStream.of(one.asInt()))
        .toArray();
  }

  @ParameterizedTest
  @ValueSource(strings = {"first-fit:ids:64", "best-fit:ids:64,longer=split"})
  void packsAreThoseOfPython(String rule) throws IOException {
    JsonNode batches = golden.path(rule);
    assertTrue(batches.size() > 10, "the golden file has batches");
    int number = 0;
    try (Loader loader = Loader.open(config(rule));
        BufferAllocator allocator = new RootAllocator()) {
      for (Batch batch : loader) {
        try (batch) {
          compare(batches.path(number++), batch, allocator);
        }
      }
    }
    assertEquals(batches.size(), number);
  }

  private static void compare(JsonNode expected, Batch batch, BufferAllocator allocator) {
    List<String> keys = new ArrayList<>();
    int[] starts = new int[batch.rows()];
    for (int row = 0; row < batch.rows(); row++) {
      keys.add(batch.key(row));
      starts[row] = batch.start(row);
    }
    assertEquals(
        StreamSupport.stream(expected.path("keys").spliterator(), false)
            .map(JsonNode::asText)
            .toList(),
        keys);
    assertArrayEquals(ints(expected.path("starts")), starts);
    Packs packs = batch.packs("ids");
    int count = packs.count();
    assertEquals(expected.path("values").size(), count);
    ByteBuffer values = ByteBuffer.allocateDirect(2 * count * TOKENS);
    packs.copyValues(MemorySegment.ofBuffer(values), TOKENS, PAD);
    assertArrayEquals(ints(expected.path("values")), unsigned(MemorySegment.ofBuffer(values)));
    IntBuffer documents = IntBuffer.allocate(count * TOKENS);
    packs.copyDocumentIds(documents, TOKENS);
    assertArrayEquals(ints(expected.path("document_ids")), documents.array());
    IntBuffer positions = IntBuffer.allocate(count * TOKENS + 1);
    positions.put(7);
    packs.copyPositionIds(positions, TOKENS);
    assertEquals(0, positions.remaining());
    int[] found = IntStream.range(1, positions.limit()).map(positions::get).toArray();
    assertArrayEquals(ints(expected.path("position_ids")), found);
    for (int pack = 0; pack < count; pack++) {
      int[] ends = ints(expected.path("cu_seqlens").path(pack));
      assertArrayEquals(ends, packs.cuSeqlens(pack, TOKENS));
      assertEquals(ends.length - 1, packs.documents(pack));
      assertEquals(pack, batch.pack(packs.firstRow(pack)));
    }
    assertEquals(batch.rows(), packs.firstRow(count));
    compareViews(expected, batch, packs);
    try (VectorSchemaRoot root = packs.toArrow(allocator, TOKENS, PAD)) {
      compareArrow(expected, root, count);
    }
  }

  /** Without a copy: all documents end to end, whole. */
  private static void compareViews(JsonNode expected, Batch batch, Packs packs) {
    IntBuffer bounds = packs.cuSeqlens();
    assertEquals(batch.rows() + 1, bounds.remaining());
    int[] flat = unsigned(packs.values());
    assertEquals(flat.length, bounds.get(batch.rows()));
    assertThrows(ReadOnlyBufferException.class, () -> bounds.put(0, 1));
    assertTrue(packs.values().isReadOnly());
    int tokens = 0;
    for (int row = 0; row < batch.rows(); row++) {
      int number = Integer.parseInt(expected.path("keys").path(row).asText());
      for (int i = bounds.get(row); i < bounds.get(row + 1); i++) {
        assertEquals((number * 100 + batch.start(row) + i - bounds.get(row)) & 0xFFFF, flat[i]);
      }
    }
    for (int pack = 0; pack < packs.count(); pack++) {
      tokens += packs.tokens(pack);
    }
    assertEquals(flat.length, tokens);
  }

  private static void compareArrow(JsonNode expected, VectorSchemaRoot root, int count) {
    assertEquals(count, root.getRowCount());
    for (String name : List.of("values", "document_ids", "position_ids")) {
      FixedSizeListVector lists = (FixedSizeListVector) root.getVector(name);
      assertEquals(TOKENS, lists.getListSize());
      assertEquals(0, lists.getNullCount() + lists.getDataVector().getNullCount());
      FieldVector elements = lists.getDataVector();
      int[] found =
          IntStream.range(0, elements.getValueCount())
              .map(i -> number(elements.getObject(i)))
              .toArray();
      assertArrayEquals(ints(expected.path(name)), found, name);
    }
    ListVector bounds = (ListVector) root.getVector("cu_seqlens");
    for (int pack = 0; pack < count; pack++) {
      List<?> ends = bounds.getObject(pack);
      assertArrayEquals(
          ints(expected.path("cu_seqlens").path(pack)),
          ends.stream().mapToInt(PacksTest::number).toArray());
    }
  }

  private static int number(Object value) {
    return value instanceof Character unsigned ? unsigned : ((Number) value).intValue();
  }

  private static int[] unsigned(MemorySegment values) {
    short[] all =
        values.toArray(ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN));
    return IntStream.range(0, all.length).map(i -> all[i] & 0xFFFF).toArray();
  }

  @Test
  void refusesWhatHasNoPacksOrNoRoom() throws IOException, InterruptedException {
    try (Loader loader = Loader.open(config("first-fit:ids:64"))) {
      Batch batch = loader.next();
      assertNotNull(batch);
      Packs packs = batch.packs("ids");
      refused("has no lists of numbers", () -> batch.packs(BatchSchema.KEY));
      refused("no field 'text'", () -> batch.packs("text"));
      refused("there is room for", () -> packs.copyDocumentIds(IntBuffer.allocate(9), TOKENS));
      refused("there is room for", () -> packs.copyPositionIds(IntBuffer.allocate(9), 0));
      MemorySegment little = MemorySegment.ofArray(new short[9]);
      refused("there is room for", () -> packs.copyValues(little, TOKENS, 0));
      batch.close();
      assertThrows(IllegalStateException.class, packs::cuSeqlens);
      assertThrows(IllegalStateException.class, () -> packs.cuSeqlens(0, TOKENS));
    }
    try (Loader loader = Loader.open(config("bucket:ids"))) {
      Batch batch = loader.next();
      assertNotNull(batch);
      refused("is not packed", () -> batch.packs("ids"));
      batch.close();
    }
  }

  private static void refused(String why, Runnable what) {
    IllegalArgumentException refused = assertThrows(IllegalArgumentException.class, what::run);
    assertTrue(String.valueOf(refused.getMessage()).contains(why), refused.toString());
  }
}
