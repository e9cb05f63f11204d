package dev.penstock.cache.ssd;

import dev.penstock.bridge.ByteBudget;
import dev.penstock.bridge.NativeRegion;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;
import java.util.zip.CRC32C;

/**
 * Gives a device another number of slots while it is opened, and keeps its blocks. The first page
 * is what decides: it is written once, whole and between two syncs, and what it says is true of the
 * file before as well as behind that write. Cut off anywhere, by whatever, the file is what it was
 * or what it is to be, and the next opening goes on from there without knowing of this one.
 *
 * <p>Growing: the pages of headers for the new slots are emptied first, as the file may hold old
 * ones there. Shrinking: blocks behind the new end are copied to slots before it that are empty on
 * the medium, by the two rules of every write (see {@link SsdDevice}); until the first page says
 * otherwise such a block is there twice. One thread.
 */
final class Resizing implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(Resizing.class.getName());

  /** Bytes read and written at a time. */
  private static final int PIECE_BYTES = 512 << 10;

  /** Blocks that are moved between two syncs: what an end in the middle has to do again. */
  private static final int COMMIT_BLOCKS = 128;

  private final SsdFile file;
  private final SsdHealth health;
  private final SlotTable table;
  private final TablePages pages;
  private final NativeRegion headers;
  private final NativeRegion payload;
  private final Lock lock = new ReentrantLock();
  private final List<Integer> moved = new ArrayList<>();
  private int movedBlocks;

  /** {@code table} is read; what was read is on the medium. */
  Resizing(SsdFile file, SsdHealth health, SlotTable table, TablePages pages, ByteBudget budget) {
    this.file = file;
    this.health = health;
    this.table = table;
    this.pages = pages;
    this.headers = NativeRegion.open(budget, "SSD headers, resizing", PIECE_BYTES);
    try {
      this.payload = NativeRegion.open(budget, "SSD blocks, resizing", PIECE_BYTES);
    } catch (RuntimeException | Error e) {
      headers.close();
      throw e;
    }
  }

  /** From {@code found} to {@code wanted}, which the file is long enough for. */
  void grow(SuperBlock found, SuperBlock wanted) throws IOException {
    headers.segment().fill((byte) 0);
    int first = (found.slots() - 1) / SlotHeader.PER_PAGE * SlotHeader.PER_PAGE;
    // That page has old headers too: it is written from the table, which knows them.
    pages.changed(first);
    pages.writeAll(table, lock, file);
    first += SlotHeader.PER_PAGE;
    for (int end; first < wanted.slots(); first = end) {
      end = TablePages.pieceEnd(wanted, first);
      int length = TablePages.length(first, end);
      file.writeNow(wanted.headersOffset(first), headers.segment(), 0, length);
    }
    file.sync();
    wanted.write(file);
    LOG.log(
        Level.INFO,
        "{0}: grew from {1} to {2} blocks of {3} KiB and keeps what it had",
        file.description(),
        found.slots(),
        wanted.slots(),
        wanted.blockBytes() >> 10);
  }

  /** From {@code found} to {@code wanted}; what lies behind may be cut off after that. */
  void shrink(SuperBlock found, SuperBlock wanted) throws IOException {
    LOG.log(
        Level.INFO,
        "{0}: shrinks from {1} to {2} blocks of {3} KiB; those behind its new end move to free"
            + " slots before it",
        file.description(),
        found.slots(),
        wanted.slots(),
        wanted.blockBytes() >> 10);
    moveAll(found, wanted);
    commit();
    file.sync();
    wanted.write(file);
    LOG.log(
        Level.INFO,
        "{0}: keeps {1} blocks, {2} of them moved",
        file.description(),
        table.indexed(),
        movedBlocks);
  }

  private void moveAll(SuperBlock found, SuperBlock wanted) throws IOException {
    ByteBuffer piece = headers.segment().asByteBuffer();
    SlotHeader header = new SlotHeader(found.salt());
    int to = nextFree(0);
    int first = wanted.slots() / SlotHeader.PER_PAGE * SlotHeader.PER_PAGE;
    for (int end; first < found.slots() && to < table.slots(); first = end) {
      end = TablePages.pieceEnd(found, first);
      int length = TablePages.length(first, end);
      int got = file.readNow(found.headersOffset(first), headers.segment(), 0, length);
      for (int slot = Math.max(first, wanted.slots()); slot < end && to < table.slots(); slot++) {
        int at = (slot - first) * SlotHeader.BYTES;
        if (at + SlotHeader.BYTES <= got
            && header.decode(piece, at, slot, table, to, found.blockBytes())
            && table.find(table.id(to)) == SlotTable.NONE
            && move(found.offset(slot), wanted.offset(to), to)) {
          to = nextFree(to + 1);
        }
      }
    }
  }

  /** The next slot from {@code from} on that is empty on the medium too; or the table's end. */
  private int nextFree(int from) {
    int slot = from;
    while (slot < table.slots() && table.state(slot) != SsdDevice.FREE) {
      slot++;
    }
    return slot;
  }

  /**
   * Copies the payload whose header is in the row of {@code slot}; whether it was the right one.
   */
  private boolean move(long from, long to, int slot) throws IOException {
    if (!copy(from, to, slot)) {
      return false;
    }
    table.add(slot);
    moved.add(slot);
    movedBlocks++;
    if (moved.size() == COMMIT_BLOCKS) {
      commit();
    }
    return true;
  }

  private boolean copy(long from, long to, int slot) throws IOException {
    int length = table.length(slot);
    MemorySegment memory = payload.segment();
    CRC32C crc = new CRC32C();
    for (int at = 0; at < length; at += PIECE_BYTES) {
      int some = Math.min(PIECE_BYTES, Payloads.padded(length) - at);
      if (!read(from + at, some)) {
        return false;
      }
      crc.update(memory.asSlice(0, Math.min(some, length - at)).asByteBuffer());
      file.writeNow(to + at, memory, 0, some);
    }
    if ((int) crc.getValue() != table.crc(slot)) {
      health.corrupted("a block that was to move");
      return false;
    }
    return true;
  }

  private boolean read(long from, int length) {
    String found;
    try {
      int got = file.readNow(from, payload.segment(), 0, length);
      if (got == length) {
        return true;
      }
      found = "ended after %d of %d bytes".formatted(got, length);
    } catch (IOException e) {
      found = "failed, " + e.getMessage();
    }
    health.failed("reading a block that was to move " + found);
    return false;
  }

  /** Payloads first, then their headers. */
  private void commit() throws IOException {
    if (moved.isEmpty()) {
      return;
    }
    file.sync();
    for (int slot : moved) {
      table.state(slot, SsdDevice.COMMITTED);
      pages.changed(slot);
    }
    pages.writeAll(table, lock, file);
    moved.clear();
  }

  @Override
  public void close() {
    payload.close();
    headers.close();
  }
}
