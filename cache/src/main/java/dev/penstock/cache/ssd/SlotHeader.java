package dev.penstock.cache.ssd;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;

/**
 * One slot's header, 64 bytes of the table at the front of the file: which block its slot holds,
 * and how its bytes are recognised. It has a checksum of its own, over the file's salt and the
 * slot's number too: one that was torn, was written for another slot, or belongs to an earlier
 * layout of the file is no header. A slot without a header is empty. As 64 divides any sector, a
 * write that was cut off between sectors leaves each header old or new.
 */
final class SlotHeader {
  static final int BYTES = 64;
  static final int PER_PAGE = SuperBlock.PAGE_BYTES / BYTES;

  /** Nonce (12 bytes) and tag (16) of AES-GCM; zero when not encrypted. */
  static final int SEAL_BYTES = 28;

  private static final int HIGH = 0;
  private static final int LOW = 8;
  private static final int NUMBER = 16;
  private static final int LENGTH = 20;
  private static final int PAYLOAD_CRC = 24;
  private static final int DATASET = 28;
  private static final int SEAL = 32;
  private static final int HEADER_CRC = 60;
  private static final int DECODED_BIT = 1 << 31;

  private final byte[] salt;
  private final CRC32C crc = new CRC32C();
  private final ByteBuffer place = ByteBuffer.allocate(Integer.BYTES);

  SlotHeader(byte[] salt) {
    this.salt = salt;
  }

  /** Writes the header of {@code slot} from the table's columns to {@code at} of {@code page}. */
  void encode(ByteBuffer page, int at, int slot, SlotTable table) {
    page.order(ByteOrder.LITTLE_ENDIAN);
    page.putLong(at + HIGH, table.high(slot));
    page.putLong(at + LOW, table.low(slot));
    page.putInt(at + NUMBER, table.number(slot));
    page.putInt(at + LENGTH, table.length(slot) | (table.decoded(slot) ? DECODED_BIT : 0));
    page.putInt(at + PAYLOAD_CRC, table.crc(slot));
    page.putInt(at + DATASET, table.dataset(slot));
    table.getSeal(slot, page, at + SEAL);
    page.putInt(at + HEADER_CRC, crc(page, at, slot));
  }

  /** Reads the header of {@code slot} into the table's columns for it; false if there is none. */
  boolean decode(ByteBuffer page, int at, int slot, SlotTable table, int blockBytes) {
    return decode(page, at, slot, table, slot, blockBytes);
  }

  /** The same into the columns of another slot, {@code to}. */
  boolean decode(ByteBuffer page, int at, int slot, SlotTable table, int to, int blockBytes) {
    page.order(ByteOrder.LITTLE_ENDIAN);
    int length = page.getInt(at + LENGTH) & ~DECODED_BIT;
    if (length < 1 || length > blockBytes || page.getInt(at + HEADER_CRC) != crc(page, at, slot)) {
      return false;
    }
    table.high(to, page.getLong(at + HIGH));
    table.low(to, page.getLong(at + LOW));
    table.number(to, page.getInt(at + NUMBER));
    table.length(to, length);
    table.decoded(to, (page.getInt(at + LENGTH) & DECODED_BIT) != 0);
    table.crc(to, page.getInt(at + PAYLOAD_CRC));
    table.dataset(to, page.getInt(at + DATASET));
    table.setSeal(to, page, at + SEAL);
    return true;
  }

  private int crc(ByteBuffer page, int at, int slot) {
    crc.reset();
    crc.update(salt);
    crc.update(place.putInt(0, slot).position(0));
    crc.update(page.duplicate().position(at).limit(at + HEADER_CRC));
    return (int) crc.getValue();
  }
}
