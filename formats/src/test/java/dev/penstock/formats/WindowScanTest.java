package dev.penstock.formats;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

/** Windows one behind the other are the index of the shard, wherever one goes on from. */
class WindowScanTest {
  private static final int SAMPLES = 23;

  /** What a window says of a sample. */
  private record Found(
      String key, int ordinal, long offset, long bytes, String fields, String damage) {
    static Found of(ShardIndex index, int sample) {
      StringBuilder fields = new StringBuilder();
      for (int field = 0; field < index.fieldCount(sample); field++) {
        fields
            .append(index.names().name(index.fieldNameId(sample, field)))
            .append(' ')
            .append(index.fieldOffset(sample, field))
            .append('+')
            .append(index.fieldBytes(sample, field))
            .append('\n');
      }
      return new Found(
          index.key(sample),
          index.ordinal(sample),
          index.sampleOffset(sample),
          index.sampleBytes(sample),
          fields.toString(),
          index.isDamaged(sample) ? index.damage() : "");
    }

    static List<Found> all(ShardIndex index) {
      List<Found> all = new ArrayList<>();
      for (int sample = 0; sample < index.sampleCount(); sample++) {
        all.add(of(index, sample));
      }
      return all;
    }
  }

  /** Where to go on, and what then comes first. */
  private record Stop(long offset, int ordinal, List<Found> window) {}

  private static byte[] bytes(RecordFormat format, long seed) throws IOException {
    List<Shards.Sample> samples = Shards.samples(new Random(seed), SAMPLES, 3000);
    return format instanceof TfRecordFormat records
        ? Shards.tfRecord(
            records == TfRecordFormat.RAW ? raw(samples) : samples, records, WriterOptions.plain())
        : Shards.tar(samples, WriterOptions.plain());
  }

  private static List<Shards.Sample> raw(List<Shards.Sample> samples) {
    return samples.stream()
        .map(
            sample ->
                new Shards.Sample(
                    sample.key(),
                    List.of(
                        SampleField.of(
                            TfRecordFormat.RAW_FIELD,
                            Shards.bytes(new Random(sample.key().hashCode()), 3000)))))
        .toList();
  }

  private static RecordFormat format(int number) {
    return switch (number) {
      case 0 -> WebDatasetFormat.instance();
      case 1 -> TfRecordFormat.example();
      default -> TfRecordFormat.raw();
    };
  }

  private static List<Stop> windows(
      byte[] bytes, RecordFormat format, int part, int parts, int samplesMax, long bytesMax)
      throws IOException {
    List<Stop> stops = new ArrayList<>();
    MemorySource source = new MemorySource("d/s.tfrecord", bytes, 1 << 20, samplesMax % 2 == 0);
    try (WindowScan scan = WindowScan.open(source, format, 0, 0, part, parts)) {
      while (true) {
        long offset = scan.offset();
        int ordinal = scan.ordinal();
        ShardIndex window = scan.next(samplesMax, bytesMax);
        if (window.sampleCount() == 0) {
          return stops;
        }
        assertTrue(window.sampleCount() <= samplesMax + (window.damage().isEmpty() ? 0 : 1));
        stops.add(new Stop(offset, ordinal, Found.all(window)));
      }
    }
  }

  private static void check(
      byte[] bytes, RecordFormat format, int parts, int samplesMax, long bytesMax)
      throws IOException {
    MemorySource source = new MemorySource("d/s.tfrecord", bytes);
    ShardIndex whole =
        ShardIndex.scan(source, Codec.NONE, IndexOptions.of(format).toleratingDamage());
    List<Found> all = Found.all(whole);
    for (int part = 0; part < parts; part++) {
      List<Stop> stops = windows(bytes, format, part, parts, samplesMax, bytesMax);
      List<Found> own = new ArrayList<>();
      for (int sample = part; sample < all.size(); sample += parts) {
        own.add(all.get(sample));
      }
      assertEquals(own, stops.stream().flatMap(stop -> stop.window.stream()).toList());
      for (Stop stop : stops) {
        if (stop.window.size() > 1) {
          Found last = stop.window.getLast();
          long reach = last.offset + last.bytes - stop.window.getFirst().offset;
          assertTrue(!last.damage.isEmpty() || reach <= bytesMax, () -> "window of " + reach);
        }
        if (stop.offset < WindowScan.END) {
          try (WindowScan again =
              WindowScan.open(source, format, stop.offset, stop.ordinal, part, parts)) {
            assertEquals(stop.window, Found.all(again.next(samplesMax, bytesMax)));
          }
        }
      }
    }
  }

  @Property(tries = 200)
  void windowsAreTheIndex(
      @ForAll @IntRange(max = 2) int format,
      @ForAll long seed,
      @ForAll @IntRange(min = 1, max = 4) int parts,
      @ForAll @IntRange(min = 1, max = 30) int samplesMax,
      @ForAll @IntRange(min = 1, max = 30_000) int bytesMax)
      throws IOException {
    check(bytes(format(format), seed), format(format), parts, samplesMax, bytesMax);
  }

  @Property(tries = 200)
  void soWhereTheShardIsCut(
      @ForAll @IntRange(max = 2) int format,
      @ForAll @IntRange(min = 1, max = 60_000) int length,
      @ForAll @IntRange(min = 1, max = 4) int parts,
      @ForAll @IntRange(min = 1, max = 30) int samplesMax)
      throws IOException {
    byte[] whole = bytes(format(format), 5);
    byte[] cut = Arrays.copyOf(whole, Math.min(length, whole.length));
    check(cut, format(format), parts, samplesMax, 20_000);
  }

  @Test
  void damageEndsTheShard() throws IOException {
    byte[] whole = bytes(WebDatasetFormat.instance(), 9);
    byte[] cut = Arrays.copyOf(whole, whole.length / 2);
    MemorySource source = new MemorySource("s", cut);
    try (WindowScan scan = WindowScan.open(source, WebDatasetFormat.instance(), 0, 0, 0, 1)) {
      ShardIndex window = scan.next(SAMPLES, 1 << 30);
      assertTrue(window.isDamaged(window.sampleCount() - 1));
      assertEquals(WindowScan.END, scan.offset());
      assertEquals(0, scan.next(SAMPLES, 1 << 30).sampleCount());
    }
  }
}
