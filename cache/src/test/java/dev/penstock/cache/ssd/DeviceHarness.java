package dev.penstock.cache.ssd;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.penstock.bridge.BlockPool;
import dev.penstock.bridge.ByteBudget;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.zip.CRC32C;

/** One device over some file, blocks whose bytes follow from their name, and proof of order. */
final class DeviceHarness implements AutoCloseable {
  static final int BLOCK = 4096;

  final ByteBudget budget = ByteBudget.of(64 << 20);
  final BlockPool pool = BlockPool.open(budget, "test", BLOCK, 8);
  final SsdDevice device;

  DeviceHarness(SsdFile file, int slots, Optional<byte[]> key) throws IOException {
    SuperBlock fresh = SsdStore.fresh(BLOCK, slots, key);
    device = SsdStore.open(file, fresh, fresh.fileBytes(), budget, key, 8);
  }

  static byte[] emptyMedium(int slots) {
    return new byte[(int) fileBytes(slots)];
  }

  /** Bytes of a file that is made for so many slots. */
  static long fileBytes(int slots) {
    return SsdStore.fresh(BLOCK, slots, Optional.empty()).fileBytes();
  }

  /** Makes the first page one of version 1, which ended before the number of slots in front. */
  static void toVersion1(byte[] medium) {
    ByteBuffer page = ByteBuffer.wrap(medium).order(ByteOrder.LITTLE_ENDIAN);
    page.putInt(12, 1);
    CRC32C crc = new CRC32C();
    crc.update(medium, 0, 56);
    page.putInt(56, (int) crc.getValue());
    page.putInt(60, 0);
  }

  static BlockId id(int number) {
    return new BlockId(new ObjectId(number / 7, number * 31L), number % 2 == 0, number);
  }

  /** The bytes of a block, of a length of their own. */
  static byte[] content(int number) {
    byte[] bytes = new byte[BLOCK - number % 3 * 1000];
    new Random(number).nextBytes(bytes);
    return bytes;
  }

  /** Writes a block if a slot is free, and waits until the device has it; whether it was. */
  boolean write(int number) throws Exception {
    byte[] bytes = content(number);
    int slot = device.claim(id(number), bytes.length, 1, 1);
    if (slot < 0) {
      return false;
    }
    int place = pool.take();
    MemorySegment.copy(
        MemorySegment.ofArray(bytes), 0, pool.slab(), pool.offset(place), bytes.length);
    CompletableFuture<Boolean> done = new CompletableFuture<>();
    device.write(slot, pool.slab(), pool.offset(place), () -> done.complete(true));
    done.get(30, TimeUnit.SECONDS);
    pool.give(place);
    return true;
  }

  /** Reads a block; -1: not there; 0: it could not be had; 1: these are its bytes. */
  int read(int number) throws Exception {
    int slot = device.pin(id(number));
    if (slot < 0) {
      return -1;
    }
    int place = pool.take();
    CompletableFuture<Integer> done = new CompletableFuture<>();
    device.read(slot, pool.slab(), pool.offset(place), done::complete);
    device.flush();
    int bytes = done.get(30, TimeUnit.SECONDS);
    if (bytes >= 0) {
      byte[] wanted = content(number);
      byte[] found = new byte[bytes];
      MemorySegment.copy(pool.slab(), pool.offset(place), MemorySegment.ofArray(found), 0, bytes);
      assertEquals(wanted.length, bytes);
      assertEquals(-1, Arrays.mismatch(wanted, found), () -> "wrong bytes of block " + number);
    }
    pool.give(place);
    return bytes >= 0 ? 1 : 0;
  }

  /** Reads every block that may be there; how many were. */
  int readAll(int count) throws Exception {
    int found = 0;
    for (int number = 0; number < count; number++) {
      found += read(number) == 1 ? 1 : 0;
    }
    return found;
  }

  @Override
  public void close() throws IOException {
    device.close();
    pool.close();
    assertEquals(0, budget.usedBytes(), () -> budget.usedByPurpose().toString());
  }
}
