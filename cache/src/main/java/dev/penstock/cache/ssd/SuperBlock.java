package dev.penstock.cache.ssd;

import dev.penstock.bridge.ByteBudget;
import dev.penstock.bridge.NativeRegion;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Optional;
import java.util.zip.CRC32C;

/**
 * The first page of a device's file: how it is laid out. Written when the file is made, and when
 * the number of its slots changes; {@code docs/internals/ssd-tier.md} has the offsets.
 *
 * <p>Slots never move when their number changes. Those that the table at the front of the file has
 * room for lie behind it; what the file has grown by since lies behind these in groups, each a
 * block of headers and the slots that those are for.
 *
 * @param blockBytes what a slot holds
 * @param slots how many there are
 * @param front slots that the table at the front has room for, a multiple of {@link
 *     SlotHeader#PER_PAGE}
 * @param salt 16 random bytes; part of every header's checksum, so that headers of an earlier
 *     layout mean nothing to this one, and of the encryption key
 * @param keyCheck 16 bytes that tell the right key from others; zero if nothing is encrypted
 */
@SuppressWarnings("ArrayRecordComponent") // Never compared, only kept.
record SuperBlock(int blockBytes, int slots, int front, byte[] salt, byte[] keyCheck) {
  static final int PAGE_BYTES = 4096;
  static final int SALT_BYTES = 16;
  static final int KEY_CHECK_BYTES = 16;

  /** Page 1 says who has the file open, for messages. */
  static final long OWNER_OFFSET = PAGE_BYTES;

  /** The headers of the slots begin here. */
  static final long TABLE_OFFSET = 2L * PAGE_BYTES;

  private static final byte[] MAGIC = {'P', 'e', 'n', 's', 't', 'o', 'c', 'k', ' ', 'S', 'S', 'D'};
  private static final int VERSION = 2;
  private static final int CHECKED_BYTES = 60;

  /** Files that have never been resized: all slots are at the front. */
  private static final int VERSION_1 = 1;

  private static final int CHECKED_BYTES_1 = 56;

  /** Slots at most: their numbers, and the sizes of tables over them, are ints. */
  private static final int SLOTS_MAX = 1 << 27;

  /** A file made for so many slots. */
  static SuperBlock fresh(int blockBytes, int slots, byte[] salt, byte[] keyCheck) {
    return new SuperBlock(blockBytes, slots, front(blockBytes, slots), salt, keyCheck);
  }

  /** The same file with another number of slots. */
  SuperBlock withSlots(int value) {
    return new SuperBlock(blockBytes, value, front, salt, keyCheck);
  }

  /** Slots that a table has room for which is made for {@code slots} and ends with a block. */
  private static int front(int blockBytes, int slots) {
    long table = TABLE_OFFSET + (long) slots * SlotHeader.BYTES;
    long end = (table + blockBytes - 1) / blockBytes * blockBytes;
    return Math.toIntExact((end - TABLE_OFFSET) / SlotHeader.BYTES);
  }

  /** Where slot 0 begins. */
  private long dataOffset() {
    return TABLE_OFFSET + (long) front * SlotHeader.BYTES;
  }

  /** Slots of a group: as many as a block has room for headers. */
  private int perGroup() {
    return blockBytes / SlotHeader.BYTES;
  }

  /** Where the group begins that slot {@code behind} behind the front ones is in. */
  private long groupOffset(int behind) {
    long before = front + (long) (behind / perGroup()) * (perGroup() + 1);
    return dataOffset() + before * blockBytes;
  }

  /** Where the payload of a slot lies. */
  long offset(int slot) {
    int behind = slot - front;
    return behind < 0
        ? dataOffset() + (long) slot * blockBytes
        : groupOffset(behind) + (1L + behind % perGroup()) * blockBytes;
  }

  /** Where the page of headers lies that begins with the one of {@code slot}. */
  long headersOffset(int slot) {
    int behind = slot - front;
    return behind < 0
        ? TABLE_OFFSET + (long) slot * SlotHeader.BYTES
        : groupOffset(behind) + (long) (behind % perGroup()) * SlotHeader.BYTES;
  }

  /**
   * The first slot behind {@code slot} whose header does not follow on those before; or the end.
   */
  int headersEnd(int slot) {
    int end = slot < front ? front : slot + perGroup() - (slot - front) % perGroup();
    return Math.min(end, slots);
  }

  long fileBytes() {
    return offset(slots - 1) + blockBytes;
  }

  boolean isEncrypted() {
    return !Arrays.equals(keyCheck, new byte[KEY_CHECK_BYTES]);
  }

  /** The most slots whose file has at most {@code bytes}; 0 if not even one fits. */
  static int slotsFor(long bytes, int blockBytes) {
    long most = Math.clamp(bytes / blockBytes, 0, SLOTS_MAX);
    while (most > 0 && fresh(blockBytes, (int) most, none(), none()).fileBytes() > bytes) {
      most -= Math.max(1, most / 4096);
    }
    return (int) most;
  }

  /** The most slots that this file has in at most {@code bytes}; 0 if not even one fits. */
  int slotsFor(long bytes) {
    long blocks = (bytes - dataOffset()) / blockBytes;
    if (blocks > front) {
      long groups = (blocks - front) / (perGroup() + 1);
      long rest = (blocks - front) % (perGroup() + 1);
      blocks = front + groups * perGroup() + Math.max(0, rest - 1);
    }
    return Math.clamp(blocks, 0, SLOTS_MAX);
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
    page.putInt(56, front);
    page.putInt(CHECKED_BYTES, crc(page, CHECKED_BYTES));
  }

  /** What a page says; empty unless it is whole and of a version that is known. */
  static Optional<SuperBlock> decode(ByteBuffer page) {
    page.order(ByteOrder.LITTLE_ENDIAN);
    byte[] magic = new byte[MAGIC.length];
    page.get(0, magic);
    int version = page.getInt(12);
    int checked = version == VERSION_1 ? CHECKED_BYTES_1 : CHECKED_BYTES;
    int blockBytes = page.getInt(16);
    int slots = page.getInt(20);
    if (!Arrays.equals(magic, MAGIC)
        || page.getInt(checked) != crc(page, checked)
        || (version != VERSION && version != VERSION_1)
        || Integer.bitCount(blockBytes) != 1
        || blockBytes < PAGE_BYTES
        || slots < 1
        || slots > SLOTS_MAX) {
      return Optional.empty();
    }
    int front = version == VERSION_1 ? front(blockBytes, slots) : page.getInt(56);
    if (front < SlotHeader.PER_PAGE
        || front > 2 * SLOTS_MAX
        || (TABLE_OFFSET + (long) front * SlotHeader.BYTES) % blockBytes != 0) {
      return Optional.empty();
    }
    byte[] salt = new byte[SALT_BYTES];
    page.get(24, salt);
    byte[] keyCheck = new byte[KEY_CHECK_BYTES];
    page.get(40, keyCheck);
    return Optional.of(new SuperBlock(blockBytes, slots, front, salt, keyCheck));
  }

  /** What a file says; empty unless that is whole and of a version that is known. */
  static Optional<SuperBlock> read(SsdFile file) throws IOException {
    try (NativeRegion page = page()) {
      int got = file.readNow(0, page.segment(), 0, PAGE_BYTES);
      return got == PAGE_BYTES ? decode(page.segment().asByteBuffer()) : Optional.empty();
    }
  }

  /** Makes this the layout of a file, for good. */
  void write(SsdFile file) throws IOException {
    try (NativeRegion page = page()) {
      page.segment().fill((byte) 0);
      encode(page.segment().asByteBuffer());
      file.writeNow(0, page.segment(), 0, PAGE_BYTES);
      file.sync();
    }
  }

  @SuppressWarnings("MustBeClosedChecker")
  private static NativeRegion page() {
    return NativeRegion.open(ByteBudget.of(PAGE_BYTES), "SSD super block", PAGE_BYTES);
  }

  private static int crc(ByteBuffer page, int length) {
    CRC32C crc = new CRC32C();
    crc.update(page.duplicate().position(0).limit(length));
    return (int) crc.getValue();
  }
}
