package dev.penstock.loader;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.IntBuffer;
import java.util.Arrays;
import java.util.List;
import org.apache.arrow.memory.ArrowBuf;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.IntVector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.complex.FixedSizeListVector;
import org.apache.arrow.vector.complex.ListVector;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.FieldType;
import org.apache.arrow.vector.types.pojo.Schema;

/**
 * The packs of one batch: documents (rows of the batch) laid end to end, pack after pack. {@link
 * #values} and {@link #cuSeqlens} are views of the batch's slot, for kernels that take sequences
 * without padding; they may be read until the batch is closed. What the {@code copy} methods fill
 * belongs to the caller, as does the root that {@link #toArrow} makes; both may outlive the batch.
 *
 * <p>A document longer than {@code tokens} is cut where arrays have a fixed shape. Reading is
 * thread-safe.
 */
public final class Packs {
  private final ElementType element;
  private final int[] firstRow;
  private final MemorySegment bounds;
  private final MemorySegment values;
  private final Runnable ensureOpen;

  /**
   * Of the rows of a batch.
   *
   * @param rowPacks the pack of each row, rising
   * @param bounds where rows begin and end in {@code values}: rows + 1 int32
   * @param values elements of all rows
   */
  Packs(
      ElementType element,
      int[] rowPacks,
      MemorySegment bounds,
      MemorySegment values,
      Runnable ensureOpen) {
    this.element = element;
    this.bounds = bounds;
    this.values = values;
    this.ensureOpen = ensureOpen;
    int count = rowPacks.length == 0 ? 0 : rowPacks[rowPacks.length - 1] + 1;
    this.firstRow = new int[count + 1];
    for (int pack : rowPacks) {
      firstRow[pack + 1]++;
    }
    for (int pack = 0; pack < count; pack++) {
      firstRow[pack + 1] += firstRow[pack];
    }
  }

  /** Packs of the batch, without empty ones at its end. */
  public int count() {
    return firstRow.length - 1;
  }

  /** The type of a token. */
  public ElementType element() {
    return element;
  }

  /** The batch's row that is a pack's first document; of {@link #count} itself, the rows in all. */
  public int firstRow(int pack) {
    return firstRow[pack];
  }

  /** Documents of a pack. */
  public int documents(int pack) {
    return firstRow[pack + 1] - firstRow[pack];
  }

  /** Tokens of all documents of a pack, whole. */
  public int tokens(int pack) {
    return bound(firstRow[pack + 1]) - bound(firstRow[pack]);
  }

  /** All documents' tokens end to end, little-endian, read-only. */
  public MemorySegment values() {
    ensureOpen.run();
    return values;
  }

  /**
   * Where documents end in {@link #values}, in tokens, of the whole batch: 0, the end of the first
   * row, and so on; rows + 1 numbers, read-only.
   */
  public IntBuffer cuSeqlens() {
    ensureOpen.run();
    return bounds.asByteBuffer().order(ByteOrder.LITTLE_ENDIAN).asIntBuffer().asReadOnlyBuffer();
  }

  /**
   * Where a pack's documents end in its row of an array of fixed shape: 0, the end of the first
   * document, and so on, at most {@code tokens}. A new array.
   */
  public int[] cuSeqlens(int pack, int tokens) {
    int[] ends = new int[documents(pack) + 1];
    int start = bound(firstRow[pack]);
    for (int i = 0; i < ends.length; i++) {
      ends[i] = Math.min(tokens, bound(firstRow[pack] + i) - start);
    }
    return ends;
  }

  /**
   * Copies the packs as {@code count() x tokens} elements, row after row.
   *
   * @param target with room for them, native or heap; filled from its start
   * @param pad an element's bytes behind a pack's last token, as a little-endian integer: of
   *     floats, their bits
   */
  public void copyValues(MemorySegment target, int tokens, long pad) {
    ensureOpen.run();
    requireRoom(target.byteSize() / element.bytes(), tokens);
    int size = element.bytes();
    for (int pack = 0; pack < count(); pack++) {
      long at = (long) pack * tokens * size;
      int used = Math.min(tokens, tokens(pack));
      long from = (long) bound(firstRow[pack]) * size;
      MemorySegment.copy(values, from, target, at, (long) used * size);
      fill(target.asSlice(at + (long) used * size, (long) (tokens - used) * size), pad);
    }
  }

  private void fill(MemorySegment target, long pad) {
    int size = element.bytes();
    for (long i = 0; i < target.byteSize(); i++) {
      target.set(ValueLayout.JAVA_BYTE, i, (byte) (pad >>> (8 * (i % size))));
    }
  }

  /**
   * Which of its pack's documents each token is of, from 0, and -1 for padding: {@code count() x
   * tokens} numbers into {@code target} from its position on, which moves behind them.
   */
  public void copyDocumentIds(IntBuffer target, int tokens) {
    copyIds(target, tokens, false);
  }

  /**
   * Each token's place in its document (in its piece of one, where documents are split), and 0 for
   * padding: {@code count() x tokens} numbers into {@code target} from its position on, which moves
   * behind them.
   */
  public void copyPositionIds(IntBuffer target, int tokens) {
    copyIds(target, tokens, true);
  }

  private void copyIds(IntBuffer target, int tokens, boolean positions) {
    ensureOpen.run();
    requireRoom(target.remaining(), tokens);
    for (int pack = 0; pack < count(); pack++) {
      int[] ends = cuSeqlens(pack, tokens);
      for (int document = 0; document + 1 < ends.length; document++) {
        for (int token = ends[document]; token < ends[document + 1]; token++) {
          target.put(positions ? token - ends[document] : document);
        }
      }
      for (int token = ends[ends.length - 1]; token < tokens; token++) {
        target.put(positions ? 0 : -1);
      }
    }
  }

  private void requireRoom(long elements, int tokens) {
    if (tokens < 1 || elements < (long) count() * tokens) {
      throw new IllegalArgumentException(
          "packs: %d packs of %d tokens are asked for, there is room for %d elements"
              .formatted(count(), tokens, elements));
    }
  }

  /**
   * The same as Arrow vectors of {@code count()} rows: {@code values}, {@code document_ids} and
   * {@code position_ids} of {@code tokens} elements each ({@code arrow.fixed_shape_tensor}), and
   * {@code cu_seqlens}, a list of int32. A copy; the caller closes it.
   *
   * @param pad as in {@link #copyValues}
   */
  public VectorSchemaRoot toArrow(BufferAllocator allocator, int tokens, long pad) {
    ensureOpen.run();
    ArrowType.Int int32 = new ArrowType.Int(32, true);
    List<Integer> shape = List.of(tokens);
    Schema schema =
        new Schema(
            List.of(
                BatchSchema.tensorField("values", element.arrowType(), shape),
                BatchSchema.tensorField("document_ids", int32, shape),
                BatchSchema.tensorField("position_ids", int32, shape),
                new Field(
                    "cu_seqlens",
                    FieldType.nullable(ArrowType.List.INSTANCE),
                    List.of(Field.nullable("item", int32)))));
    VectorSchemaRoot root = VectorSchemaRoot.create(schema, allocator);
    try {
      copyValues(allocated(root, 0, tokens, element.bytes()), tokens, pad);
      copyDocumentIds(ints(allocated(root, 1, tokens, Integer.BYTES)), tokens);
      copyPositionIds(ints(allocated(root, 2, tokens, Integer.BYTES)), tokens);
      putBounds((ListVector) root.getVector(3), tokens);
      root.setRowCount(count());
      return root;
    } catch (RuntimeException | Error e) {
      root.close();
      throw e;
    }
  }

  /** Gives a fixed-shape vector its rows, all there, and returns its elements' memory. */
  private MemorySegment allocated(VectorSchemaRoot root, int column, int tokens, int bytes) {
    FixedSizeListVector lists = (FixedSizeListVector) root.getVector(column);
    FieldVector elements = lists.getDataVector();
    int count = Math.multiplyExact(count(), tokens);
    elements.setInitialCapacity(count);
    lists.setInitialCapacity(count());
    lists.allocateNew();
    for (int pack = 0; pack < count(); pack++) {
      lists.setNotNull(pack);
    }
    ArrowBuf there = elements.getValidityBuffer();
    there.setOne(0, Math.min(there.capacity(), Math.ceilDiv(count, 8)));
    elements.setValueCount(count);
    lists.setValueCount(count());
    long size = (long) count * bytes;
    return MemorySegment.ofBuffer(elements.getDataBuffer().nioBuffer(0, Math.toIntExact(size)));
  }

  private static IntBuffer ints(MemorySegment memory) {
    return memory.asByteBuffer().order(ByteOrder.LITTLE_ENDIAN).asIntBuffer();
  }

  private void putBounds(ListVector lists, int tokens) {
    lists.allocateNew();
    IntVector numbers = (IntVector) lists.getDataVector();
    for (int pack = 0; pack < count(); pack++) {
      int[] ends = cuSeqlens(pack, tokens);
      int at = lists.startNewValue(pack);
      for (int i = 0; i < ends.length; i++) {
        numbers.setSafe(at + i, ends[i]);
      }
      lists.endValue(pack, ends.length);
    }
    lists.setValueCount(count());
  }

  private int bound(int row) {
    ensureOpen.run();
    return bounds.get(SlotLayout.INT, 4L * row);
  }

  @Override
  public String toString() {
    return "%d packs of %s, rows from %s"
        .formatted(count(), element.numpyName(), Arrays.toString(firstRow));
  }
}
