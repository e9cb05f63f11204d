package dev.penstock.formats;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Mutated archives: nothing but the typed errors, no endless loop, bounded reading. A failure
 * prints the seed in its message; {@code -Dpenstock.fuzz.seed=N} starts from it, {@code
 * -Dpenstock.fuzz.rounds=N} runs longer.
 */
class FuzzTest {
  private static final long SEED = Long.getLong("penstock.fuzz.seed", 20_261_124L);
  private static final int ROUNDS = Integer.getInteger("penstock.fuzz.rounds", 400);

  @ParameterizedTest
  @ValueSource(
      strings = {
        "gnutar-gnu.tar",
        "gnutar-pax-long.tar",
        "gnutar-pax-sparse.tar",
        "python-pax-odd.tar",
        "python-gnu-odd.tar",
        "python-base256.tar",
        "python-types.tar",
        "tensorflow.tfrecord"
      })
  void scansAndParses(String file) throws IOException {
    byte[] original = GoldenTest.resource(file);
    RecordFormat format =
        file.endsWith(".tar") ? WebDatasetFormat.instance() : TfRecordFormat.example();
    for (int round = 0; round < ROUNDS; round++) {
      Random random = new Random(SEED + round);
      byte[] mutated = mutate(original, random);
      if (format.kind() == RecordKind.WEBDATASET && random.nextInt(3) > 0) {
        fixChecksums(mutated);
      }
      scanAndParse(file, mutated, format, random, SEED + round);
    }
  }

  private static void scanAndParse(
      String file, byte[] bytes, RecordFormat format, Random random, long seed) {
    MemorySource source =
        new MemorySource(file, bytes, 1 + random.nextInt(2000), random.nextBoolean());
    try {
      ShardIndex index = ShardIndex.scan(source, Codec.NONE, IndexOptions.of(format));
      SampleParser parser = format.parser();
      SampleView view = new SampleView();
      ByteRun run = new ByteRun();
      for (int i = 0; i < index.sampleCount(); i++) {
        run.clear();
        try (ByteSource.ByteLease lease =
            source.request(index.sampleOffset(i), index.sampleBytes(i))) {
          lease.await(run);
          parser.parse(file, index.sampleOffset(i), run, view);
          for (int field = 0; field < view.fieldCount(); field++) {
            Listing.value(view, field, run);
          }
        } catch (MalformedRecordException malformed) {
          assertTrue(malformed.offset() <= bytes.length, malformed.getMessage());
        }
      }
    } catch (MalformedRecordException malformed) {
      assertEquals(file, malformed.shard());
      assertTrue(malformed.offset() >= 0, malformed.getMessage());
    } catch (IOException | InterruptedException | RuntimeException other) {
      throw new AssertionError("seed " + seed + " on " + file, other);
    }
    assertEquals(0, source.openLeases.get());
    assertTrue(
        source.bytesRead.get() <= 40L * bytes.length + (1 << 20),
        () -> "seed " + seed + ": " + source.bytesRead + " bytes read of " + bytes.length);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "codec-gzip-header.tar.gz",
        "codec-gzip-members-padded.tar.gz",
        "codec-zstd.tar.zst",
        "codec-zstd-skippable.tar.zst",
        "codec-pzstd.tar.zst",
        "codec-lz4.tar.lz4",
        "codec-lz4-linked-checked.tar.lz4",
        "codec-lz4-skippable.tar.lz4"
      })
  void decodes(String file) throws IOException {
    byte[] original = GoldenTest.resource(file);
    Codec codec = Decoding.codecOf(original);
    for (int round = 0; round < ROUNDS; round++) {
      Random random = new Random(SEED + round);
      byte[] mutated = mutate(original, random);
      try {
        Decoding.decode(
            mutated, codec, 1 + random.nextInt(mutated.length), 1 << (4 + random.nextInt(16)));
      } catch (CodecException malformed) {
        assertEquals(codec, malformed.codec());
      } catch (RuntimeException other) {
        throw new AssertionError("seed " + (SEED + round) + " on " + file, other);
      }
    }
  }

  /** Examples behind right CRCs: the parser of messages is what is tried. */
  @Test
  void parsesHostileExamples() throws IOException {
    byte[] example =
        new ExampleEncoder()
            .encode(
                List.of(
                    SampleField.of("bytes", new byte[] {1, 2, 3}),
                    SampleField.ofInts("ints", 1, -1, Long.MAX_VALUE),
                    SampleField.ofFloats("floats", 1, 2, 3)));
    for (int round = 0; round < 20 * ROUNDS; round++) {
      Random random = new Random(SEED + round);
      byte[] mutated = mutate(example, random);
      byte[] shard =
          Shards.tfRecord(
              List.of(
                  new Shards.Sample(
                      "", List.of(SampleField.of(TfRecordFormat.RAW_FIELD, mutated)))),
              TfRecordFormat.raw(),
              WriterOptions.plain());
      scanAndParse("x.tfrecord", shard, TfRecordFormat.example(), random, SEED + round);
    }
  }

  /** One to four small changes: bits, bytes, numbers, runs cut out, doubled or cut off. */
  private static byte[] mutate(byte[] original, Random random) {
    byte[] bytes = original.clone();
    int changes = 1 + random.nextInt(4);
    for (int i = 0; i < changes && bytes.length > 1; i++) {
      int at = random.nextInt(bytes.length);
      int length = 1 + random.nextInt(Math.min(600, bytes.length - at));
      switch (random.nextInt(7)) {
        case 0 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
        case 1 -> bytes[at] = (byte) random.nextInt(256);
        case 2 -> bytes[at] = (byte) (random.nextBoolean() ? 0xFF : 0x7F);
        case 3 -> bytes[at] = (byte) ('0' + random.nextInt(10));
        case 4 -> bytes = Arrays.copyOf(bytes, Math.max(1, at));
        case 5 -> {
          byte[] cut = Arrays.copyOf(bytes, bytes.length - length);
          System.arraycopy(bytes, at + length, cut, at, bytes.length - at - length);
          bytes = cut.length > 0 ? cut : bytes;
        }
        default -> {
          byte[] grown = Arrays.copyOf(bytes, bytes.length + length);
          System.arraycopy(bytes, at, grown, at + length, bytes.length - at);
          bytes = grown;
        }
      }
    }
    return bytes;
  }

  /** Makes headers' checksums right again, so that mutations get behind them. */
  private static void fixChecksums(byte[] bytes) {
    for (int at = 0; at + 512 <= bytes.length; at += 512) {
      boolean header = bytes[at + 257] == 'u' && bytes[at + 258] == 's';
      if (header) {
        byte[] block = TarMalformedTest.checksummed(Arrays.copyOfRange(bytes, at, at + 512));
        System.arraycopy(block, 0, bytes, at, 512);
      }
    }
  }
}
