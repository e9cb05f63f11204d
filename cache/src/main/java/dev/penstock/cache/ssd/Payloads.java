package dev.penstock.cache.ssd;

import dev.penstock.bridge.BlockPool;
import dev.penstock.bridge.ByteBudget;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * What lies in a slot: a block's bytes, padded with zeros to whole pages, plain or encrypted; and
 * how they are known to be right. The checksum is over what lies on the device. Thread-safe.
 */
final class Payloads implements AutoCloseable {
  private static final ThreadLocal<CRC32C> CRC = ThreadLocal.withInitial(CRC32C::new);

  private final @Nullable Sealing sealing;

  /** For encryption: ciphers, and places that hold a sealed block while it is written or read. */
  private static final class Sealing {
    final BlockCipher writing;
    final BlockCipher reading;
    final BlockPool pool;
    final int readPlace;

    Sealing(byte[] key, byte[] salt, BlockPool pool) {
      this.writing = BlockCipher.of(key, salt);
      this.reading = BlockCipher.of(key, salt);
      this.pool = pool;
      this.readPlace = pool.take();
    }
  }

  private Payloads(@Nullable Sealing sealing) {
    this.sealing = sealing;
  }

  static Payloads plain() {
    return new Payloads(null);
  }

  /** {@code writesMax}: blocks that are being written at a time, at most. */
  static Payloads sealed(
      byte[] key, byte[] salt, ByteBudget budget, int blockBytes, int writesMax) {
    int room = padded(blockBytes + BlockCipher.TAG_BYTES);
    BlockPool pool = BlockPool.open(budget, "SSD encryption", room, writesMax + 2);
    return new Payloads(new Sealing(key, salt, pool));
  }

  static int padded(int length) {
    return (length + SuperBlock.PAGE_BYTES - 1) & -SuperBlock.PAGE_BYTES;
  }

  /** Where a payload is to be written from; {@code place} is given back when that is done. */
  record Source(MemorySegment slab, long offset, int place) {}

  /**
   * Makes the payload of {@code slot} from a block's bytes and notes in the table how to recognise
   * it. The bytes behind the block's, up to whole pages, become zero. One thread.
   */
  Source prepare(SlotTable table, int slot, MemorySegment slab, long slabOffset) {
    int length = table.length(slot);
    Sealing sealed = sealing;
    if (sealed == null) {
      slab.asSlice(slabOffset + length, padded(length) - length).fill((byte) 0);
      table.crc(slot, crc(slab, slabOffset, length));
      return new Source(slab, slabOffset, -1);
    }
    int place = sealed.pool.take();
    if (place < 0) {
      throw new IllegalStateException("more blocks are being written than were announced");
    }
    long at = sealed.pool.offset(place);
    MemorySegment target = sealed.pool.slab().asSlice(at, sealed.pool.blockBytes());
    ByteBuffer seal = ByteBuffer.allocate(SlotHeader.SEAL_BYTES);
    sealed.writing.seal(
        table.id(slot),
        slab.asSlice(slabOffset, length).asByteBuffer(),
        target.asByteBuffer(),
        seal);
    table.setSeal(slot, seal, 0);
    target.asSlice(length, padded(length) - length).fill((byte) 0);
    table.crc(slot, crc(target, 0, length));
    return new Source(sealed.pool.slab(), at, place);
  }

  void done(Source source) {
    Sealing sealed = sealing;
    if (sealed != null && source.place >= 0) {
      sealed.pool.give(source.place);
    }
  }

  /** Whether the payload that was read is the slot's; in place it becomes the block's bytes. */
  boolean check(SlotTable table, int slot, MemorySegment slab, long slabOffset) {
    int length = table.length(slot);
    if (crc(slab, slabOffset, length) != table.crc(slot)) {
      return false;
    }
    Sealing sealed = sealing;
    return sealed == null || unseal(sealed, table, slot, slab, slabOffset);
  }

  private static boolean unseal(
      Sealing sealed, SlotTable table, int slot, MemorySegment slab, long slabOffset) {
    int length = table.length(slot);
    ByteBuffer seal = ByteBuffer.allocate(SlotHeader.SEAL_BYTES);
    table.getSeal(slot, seal, 0);
    synchronized (sealed.reading) {
      MemorySegment room =
          sealed
              .pool
              .slab()
              .asSlice(sealed.pool.offset(sealed.readPlace), sealed.pool.blockBytes());
      MemorySegment.copy(slab, slabOffset, room, 0, length);
      return sealed.reading.open(
          table.id(slot),
          room.asByteBuffer(),
          length,
          seal,
          slab.asSlice(slabOffset, length).asByteBuffer());
    }
  }

  private static int crc(MemorySegment slab, long offset, int length) {
    CRC32C crc = CRC.get();
    crc.reset();
    crc.update(slab.asSlice(offset, length).asByteBuffer());
    return (int) crc.getValue();
  }

  @Override
  public void close() {
    Sealing sealed = sealing;
    if (sealed != null) {
      sealed.pool.give(sealed.readPlace);
      sealed.pool.close();
    }
  }
}
