package dev.penstock.formats;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

/** What is written is scanned and parsed again, wherever pieces and frames end. */
class RoundTripTest {
  @Property(tries = 60)
  void tar(
      @ForAll long seed,
      @ForAll Codec codec,
      @ForAll @IntRange(min = 1, max = 3000) int pieceBytes,
      @ForAll boolean lengthKnown,
      @ForAll @IntRange(max = 30_000) int frameBytes)
      throws Exception {
    List<Shards.Sample> samples = Shards.samples(new Random(seed), 12, 5000);
    byte[] stored = Shards.tar(samples, new WriterOptions(codec, 0, frameBytes));
    check(samples, stored, WebDatasetFormat.instance(), pieceBytes, lengthKnown);
  }

  @Property(tries = 60)
  void tfRecord(
      @ForAll long seed,
      @ForAll Codec codec,
      @ForAll @IntRange(min = 1, max = 3000) int pieceBytes,
      @ForAll boolean lengthKnown)
      throws Exception {
    Random random = new Random(seed);
    List<Shards.Sample> samples = new ArrayList<>();
    for (Shards.Sample sample : Shards.samples(random, 12, 5000)) {
      List<SampleField> fields = new ArrayList<>(sample.fields());
      fields.add(SampleField.ofInts("ints", random.longs(random.nextInt(9)).toArray()));
      float[] floats = new float[random.nextInt(9)];
      for (int i = 0; i < floats.length; i++) {
        floats[i] = random.nextFloat();
      }
      fields.add(SampleField.ofFloats("floats", floats));
      samples.add(new Shards.Sample(sample.key(), fields));
    }
    byte[] stored =
        Shards.tfRecord(samples, TfRecordFormat.example(), new WriterOptions(codec, 0, 9000));
    check(samples, stored, TfRecordFormat.example(), pieceBytes, lengthKnown);
  }

  @Property(tries = 20)
  void rawRecords(@ForAll long seed, @ForAll @IntRange(min = 1, max = 300) int pieceBytes)
      throws Exception {
    Random random = new Random(seed);
    List<Shards.Sample> samples = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      samples.add(
          new Shards.Sample(
              "", List.of(SampleField.of(TfRecordFormat.RAW_FIELD, Shards.bytes(random, 1000)))));
    }
    byte[] stored = Shards.tfRecord(samples, TfRecordFormat.raw(), WriterOptions.plain());
    check(samples, stored, TfRecordFormat.raw(), pieceBytes, true);
  }

  private static void check(
      List<Shards.Sample> samples,
      byte[] stored,
      RecordFormat format,
      int pieceBytes,
      boolean lengthKnown)
      throws Exception {
    Codec codec = Decoding.codecOf(stored);
    byte[] plain = Decoding.decode(stored, codec);
    MemorySource source = new MemorySource("dir/shard.tfrecord.gz", plain, pieceBytes, lengthKnown);
    ShardIndex index = ShardIndex.scan(source, codec, IndexOptions.of(format));
    assertEquals(samples.size(), index.sampleCount());
    assertEquals(plain.length, index.decodedBytes());
    SampleParser parser = format.parser();
    SampleView view = new SampleView();
    ByteRun run = new ByteRun();
    for (int i = 0; i < samples.size(); i++) {
      Shards.Sample expected = samples.get(i);
      run.clear();
      try (ByteSource.ByteLease lease =
          source.request(index.sampleOffset(i), index.sampleBytes(i))) {
        lease.await(run);
        parser.parse(source.name(), index.sampleOffset(i), run, view);
        if (format.kind() == RecordKind.WEBDATASET) {
          assertEquals(expected.key(), view.key());
          assertEquals(expected.key(), index.key(i));
        } else {
          assertEquals("shard/%08d".formatted(i), index.key(i));
        }
        assertEquals(expected.fields().size(), view.fieldCount());
        for (int field = 0; field < view.fieldCount(); field++) {
          SampleField want = expected.fields().get(field);
          assertEquals(want.name(), parser.names().name(view.fieldNameId(field)));
          assertArrayEquals(bytesOf(want), Listing.value(view, field, run));
        }
      }
    }
    assertEquals(0, source.openLeases.get());
  }

  private static byte[] bytesOf(SampleField field) {
    return switch (field) {
      case SampleField.Bytes bytes -> bytes.value().toArray(ValueLayout.JAVA_BYTE);
      case SampleField.Ints ints -> {
        ByteBuffer buffer =
            ByteBuffer.allocate(ints.values().length * 8).order(ByteOrder.LITTLE_ENDIAN);
        buffer.asLongBuffer().put(ints.values());
        yield buffer.array();
      }
      case SampleField.Floats floats -> {
        ByteBuffer buffer =
            ByteBuffer.allocate(floats.values().length * 4).order(ByteOrder.LITTLE_ENDIAN);
        buffer.asFloatBuffer().put(floats.values());
        yield buffer.array();
      }
    };
  }

  @Test
  void refusesWhatWouldNotComeBack() throws IOException {
    refused("a.b", "jpg");
    refused("a", "JPG");
    refused("a", "x/y");
    refused("__a", "b__");
    refused("a", "__key__");
    refused("", "jpg");
    refused("dir/", "jpg".repeat(2000));
    refused("a\0b", "jpg");
  }

  private static void refused(String key, String field) throws IOException {
    List<Shards.Sample> one =
        List.of(new Shards.Sample(key, List.of(SampleField.of(field, new byte[1]))));
    assertThrows(IllegalArgumentException.class, () -> Shards.tar(one, WriterOptions.plain()), key);
  }

  @Test
  void refusesSamplesThatReadersWouldJoin() {
    Shards.Sample sample = new Shards.Sample("a", List.of(SampleField.of("x", new byte[1])));
    Shards.Sample other = new Shards.Sample("a", List.of(SampleField.of("y", new byte[1])));
    assertThrows(
        IllegalArgumentException.class,
        () -> Shards.tar(List.of(sample, other), WriterOptions.plain()));
  }
}
