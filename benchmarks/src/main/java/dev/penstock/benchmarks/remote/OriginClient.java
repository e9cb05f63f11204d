package dev.penstock.benchmarks.remote;

import dev.penstock.bridge.ByteBudget;
import dev.penstock.cache.CacheConfig;
import dev.penstock.cache.Origins;
import dev.penstock.cache.origin.OpenObject;
import dev.penstock.cache.origin.Origin;
import dev.penstock.cache.origin.OriginException;
import dev.penstock.cache.origin.OriginStats;
import dev.penstock.cache.origin.RangeRead;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * An origin of ours, asked as the block cache asks it: ranges scattered over blocks of a pool, and
 * as many waiting as are in flight, since the cache looks ahead.
 */
final class OriginClient implements RangeClient {
  private static final int BLOCK_BYTES = 512 << 10;

  private final String name;
  private final String url;
  private final Origin origin;
  private final List<Origin> origins;
  private final Arena arena = Arena.ofShared();
  private final BlockingQueue<MemorySegment> free;
  private final List<OpenObject> open = new ArrayList<>();

  /** Whether somebody waits for each range from the start. */
  boolean awaited;

  /** {@code url} has a place for the object's number. */
  OriginClient(String name, String url, Work work, Map<String, String> options) {
    this.name = name;
    this.url = url;
    this.origins = Origins.open(CacheConfig.of(64 << 20), ByteBudget.of(256 << 20), options);
    this.origin =
        origins.stream().filter(o -> o.handles(url.formatted(0))).findFirst().orElseThrow();
    int asked = 2 * work.depth();
    this.free = new ArrayBlockingQueue<>(asked);
    for (int i = 0; i < asked; i++) {
      free.add(arena.allocate(work.rangeBytes(), 4096));
    }
  }

  @Override
  public String name() {
    return name;
  }

  OriginStats stats() {
    return origin.stats();
  }

  @Override
  public void pass(Work work, Latency latencies) throws IOException, InterruptedException {
    while (open.size() < work.objects()) {
      open.add(origin.open(origin.find(url.formatted(open.size())).orElseThrow()));
    }
    AtomicReference<@Nullable OriginException> failure = new AtomicReference<>();
    int blocks = work.rangeBytes() / BLOCK_BYTES;
    for (int r = 0; r < work.ranges(); r++) {
      MemorySegment memory = free.take();
      long[] places = new long[blocks];
      for (int i = 0; i < blocks; i++) {
        places[i] = (long) i * BLOCK_BYTES;
      }
      long began = System.nanoTime();
      RangeRead read =
          new RangeRead(
              work.offset(r),
              work.rangeBytes(),
              memory,
              places,
              BLOCK_BYTES,
              new RangeRead.Sink() {
                private int told;

                @Override
                public synchronized void arrived(int block, int bytes) {
                  if (++told == blocks) {
                    latencies.took(System.nanoTime() - began);
                    free.add(memory);
                  }
                }

                @Override
                public synchronized void failed(int block, OriginException why) {
                  failure.set(why);
                  if (++told == blocks) {
                    free.add(memory);
                  }
                }
              });
      if (awaited) {
        read.hurry();
      }
      open.get(work.object(r)).read(read);
    }
    List<MemorySegment> all = new ArrayList<>();
    while (all.size() < 2 * work.depth()) {
      all.add(free.take());
    }
    free.addAll(all);
    OriginException why = failure.get();
    if (why != null) {
      throw why;
    }
  }

  @Override
  public void close() {
    open.forEach(OpenObject::close);
    origins.forEach(Origin::close);
    arena.close();
  }
}
