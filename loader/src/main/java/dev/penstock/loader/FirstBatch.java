package dev.penstock.loader;

import dev.penstock.cache.CacheConfig;
import dev.penstock.formats.Codec;
import dev.penstock.formats.FrameTable;
import dev.penstock.formats.ShardIndex;
import dev.penstock.sharding.StepSamples;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What has to come from the store, and be decoded, before a session's first batch can be gathered:
 * arithmetic over the plan and the indexes, with nothing in the caches. While the batch is awaited
 * the session asks for the next ones too; that is not in it.
 *
 * @param rows of the batch; 0 if the run has ended where it starts
 * @param shards that they come from
 * @param bytes stored bytes that are read; of compressed shards at least, with what decoders read
 *     ahead: one that has passed a sample enters again
 * @param requests for them, before a store over the network joins neighbours
 * @param decodedBytes that are decoded, of compressed shards
 * @param unwantedBytes of these, decoded only to get to a sample; more if a decoder has passed one
 *     before it was asked for
 */
public record FirstBatch(
    int rows, int shards, long bytes, long requests, long decodedBytes, long unwantedBytes) {

  /** Where reads of compressed shards end: that of a page, as the cache has it. */
  private static final int PAGE_BYTES = 4096;

  /** Stored or decoded bytes of a shard, from one place to before another. */
  private record Range(long from, long to) {}

  /** The batch at a session's start. */
  static FirstBatch of(PlannedSession plan, CacheConfig cache) throws IOException {
    SessionConfig config = plan.config();
    StepSamples step = new StepSamples();
    if (plan.order().ended(plan.start(), config.epochs())) {
      return new FirstBatch(0, 0, 0, 0, 0, 0);
    }
    plan.order().rank(config.rank(), config.world()).fill(plan.start(), step);
    Map<Integer, List<Range>> wanted = new HashMap<>();
    for (int row = 0; row < step.count(); row++) {
      int shard = plan.shard(step.source(row), step.shard(row));
      ShardIndex index = plan.dataset().index(shard);
      int ordinal = step.ordinal(row);
      List<Range> ranges = wanted.computeIfAbsent(shard, s -> new ArrayList<>());
      if (!index.isDamaged(ordinal)) {
        long from = index.sampleOffset(ordinal);
        ranges.add(new Range(from, from + index.sampleBytes(ordinal)));
      }
    }
    Tally tally = new Tally(cache);
    for (Map.Entry<Integer, List<Range>> shard : wanted.entrySet()) {
      ShardIndex index = plan.dataset().index(shard.getKey());
      long stored = plan.dataset().object(shard.getKey()).sizeBytes();
      if (index.codec() == Codec.NONE) {
        tally.plain(shard.getValue(), stored);
      } else {
        tally.compressed(shard.getValue(), index.frames(), stored);
      }
    }
    return tally.batch(step.count(), wanted.size());
  }

  /**
   * Seconds until the batch could be gathered from a store of such a rate and latency: requests go
   * out so many at a time, and bytes arrive at the rate. Decoding is not in it, nor are indexes.
   *
   * @param bytesPerSecond of the store
   * @param latencySeconds until a request's first byte
   * @param inFlight requests at a time
   */
  public double seconds(double bytesPerSecond, double latencySeconds, int inFlight) {
    double rounds = Math.ceil((double) requests / inFlight);
    return rounds * latencySeconds + bytes / bytesPerSecond;
  }

  /** Sums over shards. */
  private static final class Tally {
    private final CacheConfig cache;
    private long bytes;
    private long requests;
    private long decoded;
    private long unwanted;

    Tally(CacheConfig cache) {
      this.cache = cache;
    }

    /** Whole blocks, each once; in the order of rows, neighbours of a row in one request. */
    void plain(List<Range> rows, long stored) {
      long blockBytes = cache.blockBytes();
      long most = cache.coalesceBytes() / blockBytes;
      Set<Long> there = new HashSet<>();
      for (Range row : rows) {
        long run = 0;
        for (long block = row.from / blockBytes; block * blockBytes < row.to; block++) {
          if (there.add(block)) {
            requests += run % most == 0 ? 1 : 0;
            bytes += Math.min(blockBytes, stored - block * blockBytes);
            run++;
          } else {
            run = 0;
          }
        }
      }
    }

    /** Whole blocks, each run of rows from the start of its first one's frame on. */
    void compressed(List<Range> rows, FrameTable frames, long stored) {
      long at = -1;
      long entered = 0;
      List<Range> rising = rows.stream().sorted(Comparator.comparingLong(Range::from)).toList();
      long blockBytes = cache.blockBytes();
      for (Range row : rising) {
        long block = row.from / blockBytes * blockBytes;
        long end = Math.min(frames.decodedBytes(), Math.ceilDiv(row.to, blockBytes) * blockBytes);
        long entry = frames.decodedOffset(frames.frameOf(block));
        if (entry > at) {
          addEntry(frames, entered, at, stored);
          entered = entry;
          at = entry;
        }
        unwanted += Math.max(0, row.from - at);
        decoded += Math.max(0, end - at);
        at = Math.max(at, end);
      }
      addEntry(frames, entered, at, stored);
    }

    /**
     * What is read for decoding from one place to another: to the end of the last frame, but no
     * more chunks ahead than there are. The first of them are asked for together.
     */
    private void addEntry(FrameTable frames, long from, long to, long stored) {
      if (to > from) {
        long start = storedOffset(frames, from, stored);
        long used = storedOffset(frames, to, stored) - start;
        int next = frames.frameOf(to - 1) + 1;
        long end = next < frames.count() ? frames.storedOffset(next) : stored;
        long chunk = CacheConfig.DECODE_CHUNK_BYTES;
        long ahead = (used / chunk + CacheConfig.DECODE_CHUNKS) * chunk;
        long page = Math.min(stored, Math.ceilDiv(end, PAGE_BYTES) * PAGE_BYTES);
        long read = Math.min(ahead, page - start);
        bytes += read;
        requests += 1 + Math.max(0, Math.ceilDiv(read, chunk) - CacheConfig.DECODE_CHUNKS);
      }
    }

    /** Where a decoded byte is stored, about: inside a frame by proportion. */
    private static long storedOffset(FrameTable frames, long offset, long stored) {
      if (offset >= frames.decodedBytes()) {
        return stored;
      }
      int frame = frames.frameOf(offset);
      boolean last = frame + 1 == frames.count();
      long end = last ? stored : frames.storedOffset(frame + 1);
      long decodedEnd = last ? frames.decodedBytes() : frames.decodedOffset(frame + 1);
      long start = frames.storedOffset(frame);
      double share =
          (double) (offset - frames.decodedOffset(frame))
              / (decodedEnd - frames.decodedOffset(frame));
      return start + Math.round(share * (end - start));
    }

    FirstBatch batch(int rows, int shards) {
      return new FirstBatch(rows, shards, bytes, requests, decoded, unwanted);
    }
  }
}
