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
   * Reads all headers into the table and its index. A block that two slots hold, as a crash between
   * two commits can leave it, stays in the first; the second is to be erased.
   */
  void read(SsdFile file, SlotTable table) throws IOException {
    ByteBuffer piece = memory.segment().asByteBuffer();
    int perPiece = PIECE_BYTES / SlotHeader.BYTES;
    long end = SuperBlock.TABLE_OFFSET + (long) layout.tablePages() * SuperBlock.PAGE_BYTES;
    for (int first = 0; first < layout.slots(); first += perPiece) {
      long at = SuperBlock.TABLE_OFFSET + (long) first * SlotHeader.BYTES;
      int length = (int) Math.min(PIECE_BYTES, end - at);
      int got = file.readNow(at, memory.segment(), 0, length);
      int slots = Math.min(perPiece, layout.slots() - first);
      for (int i = 0; i < slots && (i + 1) * SlotHeader.BYTES <= got; i++) {
        int slot = first + i;
        if (header.decode(piece, i * SlotHeader.BYTES, slot, table, layout.blockBytes())) {
          boolean known = table.find(table.id(slot)) != SlotTable.NONE;
          table.state(slot, known ? SsdDevice.ERASING : SsdDevice.COMMITTED);
          if (!known) {
            table.add(slot);
          }
        }
      }
    }
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
      fill(page, table, lock);
      long at = SuperBlock.TABLE_OFFSET + (long) page * SuperBlock.PAGE_BYTES;
      try {
        file.writeNow(at, memory.segment(), 0, SuperBlock.PAGE_BYTES);
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

  private int next(Lock lock, int from) {
    lock.lock();
    try {
      return changed.nextSetBit(from);
    } finally {
      lock.unlock();
    }
  }

  private void fill(int page, SlotTable table, Lock lock) {
    MemorySegment target = memory.segment().asSlice(0, SuperBlock.PAGE_BYTES);
    target.fill((byte) 0);
    ByteBuffer buffer = target.asByteBuffer();
    int first = page * SlotHeader.PER_PAGE;
    lock.lock();
    try {
      changed.clear(page);
      for (int i = 0; i < SlotHeader.PER_PAGE && first + i < table.slots(); i++) {
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
