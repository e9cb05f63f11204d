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
import java.util.function.LongConsumer;
import java.util.function.LongSupplier;
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
  private final int asked;
  private final List<OpenObject> open = new ArrayList<>();
  private final AtomicReference<@Nullable OriginException> failure = new AtomicReference<>();

  /** Whether somebody waits for each range from the start. */
  boolean awaited;

  /** {@code url} has a place for the object's number. */
  OriginClient(String name, String url, Work work, Map<String, String> options) {
    this(name, url, work, options, 2 * work.depth());
  }

  /** The same with memory for {@code asked} ranges at a time. */
  OriginClient(String name, String url, Work work, Map<String, String> options, int asked) {
    this.asked = asked;
    this.name = name;
    this.url = url;
    this.origins = Origins.open(CacheConfig.of(64 << 20), ByteBudget.of(256 << 20), options);
    this.origin =
        origins.stream().filter(o -> o.handles(url.formatted(0))).findFirst().orElseThrow();
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
    for (int r = 0; r < work.ranges(); r++) {
      RangeRead read = start(work, r, () -> RangeRead.Sink.UNKNOWN, latencies::took);
      if (awaited) {
        read.hurry();
      }
    }
    drain();
  }

  /**
   * Starts reading a range, once there is memory for it; {@link #drain} follows.
   *
   * @param slack nanoseconds until it is needed, as {@link RangeRead.Sink#slackNanos}
   * @param took told how many nanoseconds it took, on the origin's threads; also if it failed,
   *     which {@link #drain} says
   */
  RangeRead start(Work work, int range, LongSupplier slack, LongConsumer took)
      throws InterruptedException, OriginException {
    while (open.size() < work.objects()) {
      open.add(origin.open(origin.find(url.formatted(open.size())).orElseThrow()));
    }
    MemorySegment memory = free.take();
    int blocks = work.rangeBytes() / BLOCK_BYTES;
    long[] places = new long[blocks];
    for (int i = 0; i < blocks; i++) {
      places[i] = (long) i * BLOCK_BYTES;
    }
    long began = System.nanoTime();
    RangeRead read =
        new RangeRead(
            work.offset(range),
            work.rangeBytes(),
            memory,
            places,
            BLOCK_BYTES,
            new RangeRead.Sink() {
              private int told;

              @Override
              public synchronized void arrived(int block, int bytes) {
                if (++told == blocks) {
                  took.accept(System.nanoTime() - began);
                  free.add(memory);
                }
              }

              @Override
              public synchronized void failed(int block, OriginException why) {
                failure.set(why);
                if (++told == blocks) {
                  took.accept(System.nanoTime() - began);
                  free.add(memory);
                }
              }

              @Override
              public long slackNanos() {
                return slack.getAsLong();
              }
            });
    open.get(work.object(range)).read(read);
    return read;
  }

  /** Waits until all ranges have come. */
  void drain() throws InterruptedException, OriginException {
    List<MemorySegment> all = new ArrayList<>();
    while (all.size() < asked) {
      all.add(free.take());
    }
    free.addAll(all);
    OriginException why = failure.getAndSet(null);
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
