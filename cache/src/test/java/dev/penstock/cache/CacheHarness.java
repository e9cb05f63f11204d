package dev.penstock.cache;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.penstock.bridge.ByteBudget;
import dev.penstock.cache.origin.FaultyOrigin;
import dev.penstock.cache.origin.FaultyOrigin.Faults;
import dev.penstock.cache.origin.MemoryOrigin;
import dev.penstock.cache.origin.StoredObject;
import dev.penstock.formats.ByteRun;
import dev.penstock.formats.ByteSource.ByteLease;
import dev.penstock.formats.Codec;
import dev.penstock.formats.FrameTable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;
import java.util.Random;

/**
 * A cache over objects in memory, with their bytes beside it, that proves at its end to be clean.
 */
final class CacheHarness implements AutoCloseable {
  final ByteBudget budget = ByteBudget.of(256 << 20);
  final MemoryOrigin memory;
  final FaultyOrigin origin;
  final BlockCache cache;
  final List<Shard> shards = new ArrayList<>();

  @SuppressWarnings("ArrayRecordComponent")
  record Shard(byte[] plain, StoredObject object, FrameTable frames, Codec codec) {}

  CacheHarness(CacheConfig config, Faults faults, long seed) {
    this(config, faults, seed, MemoryOrigin.remote());
  }

  CacheHarness(CacheConfig config, Faults faults, long seed, MemoryOrigin memory) {
    this(config, faults, seed, memory, SsdConfig.NONE);
  }

  CacheHarness(CacheConfig config, Faults faults, long seed, MemoryOrigin memory, SsdConfig ssd) {
    this.memory = memory;
    this.origin = new FaultyOrigin(memory, faults, seed);
    try {
      this.cache = BlockCache.open(config, budget, List.of(origin), ssd);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** An SSD tier of one directory with room for {@code blocks} blocks of 4 KiB. */
  static SsdConfig ssd(Path directory, int blocks) {
    long table = (blocks * 64L + 4095) / 4096 * 4096;
    long bytes = 2 * 4096L + table + blocks * 4096L;
    return SsdConfig.of(List.of(new SsdConfig.Directory(directory, OptionalLong.of(bytes))));
  }

  /** Waits until everything that is to be on the devices is there. */
  void drainSsd() {
    SsdTier ssd = ((TieredBlockCache) cache).ssd();
    if (ssd != null) {
      ssd.drain();
    }
  }

  /** Adds a shard of half-compressible bytes. */
  Shard add(int plainBytes, Codec codec, int frameBytes) throws IOException {
    byte[] plain = new byte[plainBytes];
    Random random = new Random(shards.size() * 31L + plainBytes);
    for (int at = 0; at < plainBytes; at += 64) {
      Arrays.fill(plain, at, Math.min(plainBytes, at + 32), (byte) random.nextInt());
      for (int i = at + 32; i < Math.min(plainBytes, at + 64); i++) {
        plain[i] = (byte) random.nextInt();
      }
    }
    Compressed compressed = Compressed.of(plain, codec, frameBytes);
    StoredObject object = memory.put("shard-" + shards.size(), compressed.stored());
    Shard shard = new Shard(plain, object, compressed.frames(), codec);
    shards.add(shard);
    return shard;
  }

  /** Awaits and closes a lease on a range of {@code shard} and compares its bytes. */
  static void check(Shard shard, ByteLease lease, int offset, int length)
      throws IOException, InterruptedException {
    ByteRun run = new ByteRun();
    try (lease) {
      lease.await(run);
      assertEquals(length, run.length());
      byte[] found = new byte[length];
      run.copyTo(0, MemorySegment.ofArray(found), 0, length);
      int mismatch = Arrays.mismatch(found, 0, length, shard.plain(), offset, offset + length);
      assertEquals(-1, mismatch, () -> "of %d bytes at %d".formatted(length, offset));
    }
  }

  /** All sessions are closed: nothing may be pinned, in flight, open or reserved. */
  @Override
  public void close() {
    CacheStats stats = cache.stats();
    assertEquals(stats.poolBlocks(), stats.freeBlocks() + stats.residentBlocks());
    cache.close();
    assertEquals(0, memory.openCount());
    origin.close();
    assertEquals(0, budget.usedBytes(), () -> budget.usedByPurpose().toString());
  }
}
