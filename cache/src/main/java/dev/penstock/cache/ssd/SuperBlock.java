package dev.penstock.cache.ssd;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Optional;
import java.util.zip.CRC32C;

/**
 * The first page of a device's file: how it is laid out. Written once, when the file is made for
 * this layout; {@code docs/internals/ssd-tier.md} has the offsets.
 *
 * @param blockBytes what a slot holds
 * @param slots how many there are
 * @param salt 16 random bytes; part of every header's checksum, so that headers of an earlier
 *     layout mean nothing to this one, and of the encryption key
 * @param keyCheck 16 bytes that tell the right key from others; zero if nothing is encrypted
 */
@SuppressWarnings("ArrayRecordComponent") // Never compared, only kept.
record SuperBlock(int blockBytes, int slots, byte[] salt, byte[] keyCheck) {
  static final int PAGE_BYTES = 4096;
  static final int SALT_BYTES = 16;
  static final int KEY_CHECK_BYTES = 16;

  /** Page 1 says who has the file open, for messages. */
  static final long OWNER_OFFSET = PAGE_BYTES;

  /** The headers of the slots begin here. */
  static final long TABLE_OFFSET = 2L * PAGE_BYTES;

  private static final byte[] MAGIC = {'P', 'e', 'n', 's', 't', 'o', 'c', 'k', ' ', 'S', 'S', 'D'};
  private static final int VERSION = 1;
  private static final int CHECKED_BYTES = 56;

  /** Slots at most: their numbers, and the sizes of tables over them, are ints. */
  private static final int SLOTS_MAX = 1 << 27;

  /** Where slot 0 begins. */
  long dataOffset() {
    long table = TABLE_OFFSET + (long) slots * SlotHeader.BYTES;
    return (table + blockBytes - 1) / blockBytes * blockBytes;
  }

  long offset(int slot) {
    return dataOffset() + (long) slot * blockBytes;
  }

  long fileBytes() {
    return offset(slots);
  }

  boolean isEncrypted() {
    return !Arrays.equals(keyCheck, new byte[KEY_CHECK_BYTES]);
  }

  int tablePages() {
    return (slots + SlotHeader.PER_PAGE - 1) / SlotHeader.PER_PAGE;
  }

  /** The most slots whose file has at most {@code bytes}; 0 if not even one fits. */
  static int slotsFor(long bytes, int blockBytes) {
    long most = Math.clamp(bytes / blockBytes, 0, SLOTS_MAX);
    while (most > 0 && new SuperBlock(blockBytes, (int) most, none(), none()).fileBytes() > bytes) {
      most -= Math.max(1, most / 4096);
    }
    return (int) most;
  }

  private static byte[] none() {
    return new byte[SALT_BYTES];
  }

  /** Fills a page. */
  void encode(ByteBuffer page) {
    page.order(ByteOrder.LITTLE_ENDIAN);
    page.put(0, MAGIC);
    page.putInt(12, VERSION);
    page.putInt(16, blockBytes);
    page.putInt(20, slots);
    page.put(24, salt);
    page.put(40, keyCheck);
    page.putInt(CHECKED_BYTES, crc(page));
  }

  /** What a page says; empty unless it is whole and of this version. */
  static Optional<SuperBlock> decode(ByteBuffer page) {
    page.order(ByteOrder.LITTLE_ENDIAN);
    byte[] magic = new byte[MAGIC.length];
    page.get(0, magic);
    int blockBytes = page.getInt(16);
    int slots = page.getInt(20);
    if (!Arrays.equals(magic, MAGIC)
        || page.getInt(CHECKED_BYTES) != crc(page)
        || page.getInt(12) != VERSION
        || Integer.bitCount(blockBytes) != 1
        || blockBytes < PAGE_BYTES
        || slots < 1
        || slots > SLOTS_MAX) {
      return Optional.empty();
    }
    byte[] salt = new byte[SALT_BYTES];
    page.get(24, salt);
    byte[] keyCheck = new byte[KEY_CHECK_BYTES];
    page.get(40, keyCheck);
    return Optional.of(new SuperBlock(blockBytes, slots, salt, keyCheck));
  }

  private static int crc(ByteBuffer page) {
    CRC32C crc = new CRC32C();
    crc.update(page.duplicate().position(0).limit(CHECKED_BYTES));
    return (int) crc.getValue();
  }
}
