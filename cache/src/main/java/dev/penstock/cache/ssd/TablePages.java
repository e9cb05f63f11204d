package dev.penstock.cache.ssd;

import dev.penstock.bridge.ByteBudget;
import dev.penstock.bridge.NativeRegion;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.BitSet;
import java.util.concurrent.locks.Lock;

/** The pages of headers on the device: reading all of them, writing those that changed. */
final class TablePages implements AutoCloseable {
  /** The table is read in pieces of this size: 8,192 slots each. */
  private static final int PIECE_BYTES = 512 << 10;

  private final SuperBlock layout;
  private final SlotHeader header;
  private final NativeRegion memory;
  private final BitSet changed = new BitSet();

  TablePages(SuperBlock layout, ByteBudget budget) {
    this.layout = layout;
    this.header = new SlotHeader(layout.salt());
    this.memory = NativeRegion.open(budget, "SSD headers", PIECE_BYTES);
  }

  /**
   * Reads the headers of the first {@code slots} into the table and its index. A block that two
   * slots hold, as a crash between two commits can leave it, stays in the first; the second is to
   * be erased.
   */
  void read(SsdFile file, SlotTable table, int slots) throws IOException {
    ByteBuffer piece = memory.segment().asByteBuffer();
    for (int first = 0, end; first < slots; first = end) {
      end = Math.min(pieceEnd(layout, first), slots);
      int got = file.readNow(layout.headersOffset(first), memory.segment(), 0, length(first, end));
      for (int slot = first; slot < end && (slot - first + 1) * SlotHeader.BYTES <= got; slot++) {
        int at = (slot - first) * SlotHeader.BYTES;
        if (header.decode(piece, at, slot, table, layout.blockBytes())) {
          boolean known = table.find(table.id(slot)) != SlotTable.NONE;
          table.state(slot, known ? SsdDevice.ERASING : SsdDevice.COMMITTED);
          if (!known) {
            table.add(slot);
          }
        }
      }
    }
  }

  /** Where the piece of the table ends that begins with {@code first}, the first of a page. */
  static int pieceEnd(SuperBlock layout, int first) {
    return Math.min(first + PIECE_BYTES / SlotHeader.BYTES, layout.headersEnd(first));
  }

  /** Bytes of the pages that hold the headers from {@code first} up to {@code end}. */
  static int length(int first, int end) {
    return Payloads.padded((end - first) * SlotHeader.BYTES);
  }

  /** The page of {@code slot} is to be written; guarded by the device's lock. */
  void changed(int slot) {
    changed.set(slot / SlotHeader.PER_PAGE);
  }

  /**
   * Writes the changed pages, with the headers of committed slots; whether all were written. Those
   * that were not stay changed.
   */
  boolean write(SlotTable table, Lock lock, SsdFile file, SsdHealth health) {
    boolean all = true;
    for (int page = next(lock, 0); page >= 0; page = next(lock, page + 1)) {
      target().fill((byte) 0);
      try {
        write(page, table, lock, file);
      } catch (IOException e) {
        health.failed("headers could not be written: " + e.getMessage());
        lock.lock();
        try {
          changed.set(page);
        } finally {
          lock.unlock();
        }
        all = false;
      }
    }
    return all;
  }

  /**
   * The same while a device is opened, when a failure ends that. Headers in the last page that are
   * for slots behind the table's end stay: until the first page says that they are none, they are
   * all that tells of their blocks.
   */
  void writeAll(SlotTable table, Lock lock, SsdFile file) throws IOException {
    for (int page = next(lock, 0); page >= 0; page = next(lock, page + 1)) {
      target().fill((byte) 0);
      if (table.slots() - page * SlotHeader.PER_PAGE < SlotHeader.PER_PAGE) {
        var _ = file.readNow(offset(page), memory.segment(), 0, SuperBlock.PAGE_BYTES);
      }
      write(page, table, lock, file);
    }
  }

  /** Writes a page whose headers behind the table's end lie in memory already. */
  private void write(int page, SlotTable table, Lock lock, SsdFile file) throws IOException {
    fill(page, table, lock);
    file.writeNow(offset(page), memory.segment(), 0, SuperBlock.PAGE_BYTES);
  }

  private long offset(int page) {
    return layout.headersOffset(page * SlotHeader.PER_PAGE);
  }

  private MemorySegment target() {
    return memory.segment().asSlice(0, SuperBlock.PAGE_BYTES);
  }

  private int next(Lock lock, int from) {
    lock.lock();
    try {
      return changed.nextSetBit(from);
    } finally {
      lock.unlock();
    }
  }

  private void fill(int page, SlotTable table, Lock lock) {
    ByteBuffer buffer = target().asByteBuffer();
    int first = page * SlotHeader.PER_PAGE;
    int count = Math.min(SlotHeader.PER_PAGE, table.slots() - first);
    target().asSlice(0, (long) count * SlotHeader.BYTES).fill((byte) 0);
    lock.lock();
    try {
      changed.clear(page);
      for (int i = 0; i < count; i++) {
        if (table.state(first + i) == SsdDevice.COMMITTED) {
          header.encode(buffer, i * SlotHeader.BYTES, first + i, table);
        }
      }
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void close() {
    memory.close();
  }
}
