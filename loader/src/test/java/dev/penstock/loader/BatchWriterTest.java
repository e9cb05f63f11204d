package dev.penstock.loader;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.bridge.ByteBudget;
import dev.penstock.formats.ByteRun;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.BigIntVector;
import org.apache.arrow.vector.VarBinaryVector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.complex.FixedSizeListVector;
import org.apache.arrow.vector.complex.ListVector;
import org.apache.arrow.vector.ipc.ArrowStreamReader;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class BatchWriterTest {
  private static final byte[] CURSOR = "{}".getBytes(StandardCharsets.UTF_8);

  private final BatchSchema schema =
      BatchSchema.of(
          List.of(
              FieldSpec.bytes("jpg"),
              FieldSpec.parse("cls:int"),
              FieldSpec.parse("emb:f32[2]"),
              FieldSpec.parse("ids:ints")));
  private final ByteBudget budget = ByteBudget.of(64 << 20);
  private final LocalRing ring =
      new LocalRing(budget, 2, BatchWriter.slotBytes(schema, 3, 100, 4096));
  private final BatchWriter writer = new BatchWriter(schema, ring, 4096);

  @AfterEach
  void everythingComesBack() {
    ring.close();
    assertEquals(0, budget.usedBytes());
  }

  private static ByteRun run(String text) {
    ByteRun run = new ByteRun();
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    run.append(MemorySegment.ofArray(bytes), 0, bytes.length);
    return run;
  }

  private void key(String key) {
    writer.beginRow();
    writer.put(0, run(key), 0, key.length());
    writer.putByte(1, (byte) 0);
  }

  /** Two rows, the second without jpg; between them one that is rolled back. */
  private Slot twoRows() throws InterruptedException {
    writer.start(ring.claim(), 3, new long[] {10, 3, 12, 24, 24, 40});
    key("a/1");
    writer.put(2, run("xxhello"), 2, 5);
    writer.putLong(3, 7);
    writer.put(4, MemorySegment.ofArray(new float[] {1.5f, -2f}), 0, 8);
    writer.putLong(5, 11);
    writer.putLong(5, 12);
    writer.commitRow();
    key("bad");
    writer.put(2, run("lost"), 0, 4);
    writer.rollbackRow();
    key("b/2");
    writer.putLong(3, -1);
    writer.put(4, MemorySegment.ofArray(new float[] {0f, 4f}), 0, 8);
    writer.commitRow();
    return writer.finish(9, 8, 2, 1, CURSOR);
  }

  private Batch batch(Slot slot) {
    return new Batch(schema, schema.columnNumbers(), slot, () -> ring.release(slot));
  }

  private static String text(MemorySegment bytes) {
    return new String(bytes.toArray(ValueLayout.JAVA_BYTE), StandardCharsets.UTF_8);
  }

  @Test
  void readsBackWhatWasWritten() throws InterruptedException {
    Slot slot = twoRows();
    try (Batch batch = batch(slot)) {
      assertEquals(2, batch.rows());
      assertEquals(9, SlotLayout.readLong(slot, SlotLayout.SEQUENCE));
      assertEquals(8, batch.step());
      assertEquals(2, batch.epoch());
      assertEquals(1, batch.badSamples());
      assertEquals("a/1", batch.key(0));
      assertEquals("b/2", batch.key(1));
      assertEquals("hello", text(batch.bytes("jpg", 0)));
      assertFalse(batch.isNull("jpg", 0));
      assertTrue(batch.isNull("jpg", 1));
      assertEquals(0, batch.bytes("jpg", 1).byteSize());
      assertEquals(7, batch.longValue("cls", 0));
      assertEquals(-1, batch.longValue("cls", 1));
      assertArrayEquals(
          new float[] {0f, 4f}, batch.value("emb", 1).toArray(ValueLayout.JAVA_FLOAT_UNALIGNED));
      assertArrayEquals(
          new long[] {11, 12}, batch.value("ids", 0).toArray(ValueLayout.JAVA_LONG_UNALIGNED));
      assertEquals(0, batch.value("ids", 1).byteSize());
    }
  }

  @Test
  void arrowReadsTheMessage() throws InterruptedException, IOException {
    Slot slot = twoRows();
    ByteArrayOutputStream stream = new ByteArrayOutputStream();
    stream.write(schema.arrow().serializeAsMessage());
    try (Batch batch = batch(slot)) {
      stream.write(batch.ipcMessage().toArray(ValueLayout.JAVA_BYTE));
    }
    try (RootAllocator allocator = new RootAllocator();
        ArrowStreamReader reader =
            new ArrowStreamReader(new ByteArrayInputStream(stream.toByteArray()), allocator)) {
      assertTrue(reader.loadNextBatch());
      checkVectors(reader.getVectorSchemaRoot());
      assertFalse(reader.loadNextBatch());
    }
  }

  @Test
  void arrowVectorsLieOverTheSlot() throws InterruptedException {
    Slot slot = twoRows();
    int free = ring.freeSlots();
    try (RootAllocator allocator = new RootAllocator()) {
      try (VectorSchemaRoot root = batch(slot).toArrow(allocator)) {
        checkVectors(root);
        long address = root.getVector("jpg").getDataBuffer().memoryAddress();
        long start = slot.memory().address() + slot.offset();
        assertTrue(address > start && address < start + slot.bytes(), "a copy was made");
        assertEquals(free, ring.freeSlots());
      }
      assertEquals(free + 1, ring.freeSlots());
    }
  }

  private static void checkVectors(VectorSchemaRoot root) {
    assertEquals(2, root.getRowCount());
    VarBinaryVector keys = (VarBinaryVector) root.getVector("__key__");
    assertEquals("b/2", new String(keys.get(1), StandardCharsets.UTF_8));
    VarBinaryVector jpg = (VarBinaryVector) root.getVector("jpg");
    assertEquals("hello", new String(jpg.get(0), StandardCharsets.UTF_8));
    assertNull(jpg.getObject(1));
    assertEquals(7, ((BigIntVector) root.getVector("cls")).get(0));
    FixedSizeListVector emb = (FixedSizeListVector) root.getVector("emb");
    assertEquals(List.of(0f, 4f), emb.getObject(1));
    assertEquals(
        "arrow.fixed_shape_tensor", emb.getField().getMetadata().get("ARROW:extension:name"));
    ListVector ids = (ListVector) root.getVector("ids");
    assertEquals(List.of(11L, 12L), ids.getObject(0));
    assertNull(ids.getObject(1));
  }

  @Test
  void growsAColumnInPlace() throws InterruptedException {
    writer.start(ring.claim(), 2, new long[] {6, 2, 5, 16, 16, 16});
    key("a/1");
    writer.put(2, run("12345"), 0, 5);
    writer.putLong(3, 1);
    writer.putLong(5, 3);
    writer.commitRow();
    key("b/2");
    String large = "x".repeat(3 << 20);
    writer.put(2, run(large), 0, large.length());
    writer.putLong(3, 2);
    writer.putLong(5, 4);
    writer.commitRow();
    try (Batch batch = batch(writer.finish(0, 0, 0, 0, CURSOR))) {
      assertEquals("12345", text(batch.bytes("jpg", 0)));
      assertEquals(large, text(batch.bytes("jpg", 1)));
      assertEquals(1, batch.longValue("cls", 0));
      assertEquals(2, batch.longValue("cls", 1));
      assertEquals(4, batch.value("ids", 1).get(ValueLayout.JAVA_LONG_UNALIGNED, 0));
      assertTrue(batch.isNull("emb", 0));
    }
  }

  @Test
  void closedBatchesRefuse() throws InterruptedException {
    Batch batch = batch(twoRows());
    batch.close();
    assertThrows(IllegalStateException.class, batch::close);
    assertThrows(IllegalStateException.class, () -> batch.bytes("jpg", 0));
  }
}
