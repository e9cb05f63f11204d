package dev.penstock.formats;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What every decoder promises. */
class DecoderContractTest {
  private static final int LARGE = 1 << 20;

  /** Small, in three frames, hence cheap to cut and flip everywhere. */
  private static byte[] small(Codec codec) throws IOException {
    WriterOptions options = WriterOptions.compressed(codec).withFrameBytes(1);
    return Shards.tfRecord(Shards.samples(new Random(7), 3, 60), TfRecordFormat.example(), options);
  }

  private static byte[] smallPlain() throws IOException {
    return Shards.tfRecord(
        Shards.samples(new Random(7), 3, 60), TfRecordFormat.example(), WriterOptions.plain());
  }

  @ParameterizedTest
  @EnumSource(names = "NONE", mode = EnumSource.Mode.EXCLUDE)
  void decodesInStepsOfOneByte(Codec codec) throws IOException {
    byte[] stored = small(codec);
    byte[] plain = smallPlain();
    assertEquals(codec, Decoding.codecOf(stored));
    for (int[] steps : new int[][] {{1, 1}, {1, LARGE}, {LARGE, 1}, {3, 7}, {LARGE, LARGE}}) {
      Decoding.Decoded decoded = Decoding.decode(stored, codec, steps[0], steps[1]);
      assertArrayEquals(plain, decoded.bytes(), () -> Arrays.toString(steps));
      assertEquals(3, decoded.frames().count(), () -> Arrays.toString(steps));
    }
  }

  @ParameterizedTest
  @EnumSource(names = "NONE", mode = EnumSource.Mode.EXCLUDE)
  void decodesInRandomSteps(Codec codec) throws IOException {
    Random random = new Random(11);
    List<Shards.Sample> samples = Shards.samples(random, 40, 40_000);
    byte[] plain = Shards.tar(samples, WriterOptions.plain());
    byte[] stored =
        Shards.tar(samples, WriterOptions.compressed(codec).withFrameBytes(plain.length / 5));
    for (int i = 0; i < 20; i++) {
      int in = 1 + random.nextInt(i < 10 ? 5000 : 500_000);
      int out = 1 + random.nextInt(i % 2 == 0 ? 5000 : 2_000_000);
      Decoding.Decoded decoded = Decoding.decode(stored, codec, in, out);
      assertArrayEquals(plain, decoded.bytes(), () -> in + " in, " + out + " out");
      assertTrue(decoded.frames().count() >= 4);
    }
  }

  @ParameterizedTest
  @EnumSource(names = "NONE", mode = EnumSource.Mode.EXCLUDE)
  void entersAtEveryFrame(Codec codec) throws IOException {
    List<Shards.Sample> samples = Shards.samples(new Random(5), 30, 5_000);
    byte[] plain = Shards.tar(samples, WriterOptions.plain());
    byte[] stored = Shards.tar(samples, WriterOptions.compressed(codec).withFrameBytes(10_000));
    FrameTable frames = Decoding.decode(stored, codec, LARGE, LARGE).frames();
    assertTrue(frames.count() > 3);
    for (int i = 0; i < frames.count(); i++) {
      byte[] rest = Arrays.copyOfRange(stored, (int) frames.storedOffset(i), stored.length);
      byte[] expected = Arrays.copyOfRange(plain, (int) frames.decodedOffset(i), plain.length);
      assertArrayEquals(expected, Decoding.decode(rest, codec, LARGE, LARGE).bytes());
      assertEquals(i, frames.frameOf(frames.decodedOffset(i)));
    }
  }

  @ParameterizedTest
  @EnumSource(names = "NONE", mode = EnumSource.Mode.EXCLUDE)
  void noticesEveryCut(Codec codec) throws IOException {
    byte[] stored = small(codec);
    byte[] plain = smallPlain();
    FrameTable frames = Decoding.decode(stored, codec, LARGE, LARGE).frames();
    for (int length = 1; length < stored.length; length++) {
      byte[] cut = Arrays.copyOf(stored, length);
      boolean atBorder = false;
      for (int i = 0; i < frames.count(); i++) {
        atBorder |= frames.storedOffset(i) == length;
      }
      if (atBorder) {
        byte[] decoded = Decoding.decode(cut, codec, LARGE, LARGE).bytes();
        assertArrayEquals(Arrays.copyOf(plain, decoded.length), decoded);
      } else {
        int at = length;
        assertThrows(
            CodecException.class,
            () -> Decoding.decode(cut, codec, LARGE, LARGE),
            () -> "cut at " + at + " of " + stored.length);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(names = "NONE", mode = EnumSource.Mode.EXCLUDE)
  void deliversNoFlippedBit(Codec codec) throws IOException {
    byte[] stored = small(codec);
    byte[] plain = smallPlain();
    int unnoticed = 0;
    for (int bit = 0; bit < stored.length * 8; bit++) {
      byte[] flipped = stored.clone();
      flipped[bit / 8] ^= (byte) (1 << (bit % 8));
      try {
        // Bits of a header that mean nothing for the content (a time, say) may pass.
        assertArrayEquals(plain, Decoding.decode(flipped, codec, LARGE, LARGE).bytes());
        unnoticed++;
      } catch (CodecException noticed) {
        assertEquals(codec, noticed.codec());
      }
    }
    assertTrue(unnoticed < 3 * 60, unnoticed + " flips passed");
  }

  @ParameterizedTest
  @EnumSource(names = "NONE", mode = EnumSource.Mode.EXCLUDE)
  void resetForgetsAFailure(Codec codec) throws IOException {
    byte[] stored = small(codec);
    byte[] plain = smallPlain();
    FrameDecoder decoder = codec.decoder();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment source = arena.allocate(stored.length);
      MemorySegment target = arena.allocate(LARGE);
      for (int round = 0; round < 3; round++) {
        MemorySegment.copy(stored, 0, source, ValueLayout.JAVA_BYTE, 0, stored.length);
        source.set(ValueLayout.JAVA_BYTE, 0, (byte) 'x');
        assertThrows(
            CodecException.class, () -> decoder.decode(source, 0, stored.length, target, 0, LARGE));
        decoder.reset();
        assertTrue(decoder.atFrameEnd());
        source.set(ValueLayout.JAVA_BYTE, 0, stored[0]);
        int used = 0;
        int made = 0;
        while (used < stored.length) {
          decoder.decode(source, used, stored.length - used, target, made, LARGE - made);
          used += decoder.consumed();
          made += decoder.produced();
        }
        assertTrue(decoder.atFrameEnd());
        assertArrayEquals(plain, target.asSlice(0, made).toArray(ValueLayout.JAVA_BYTE));
        assertTrue(decoder.nativeBytes() > 0);
        assertTrue(decoder.nativeBytes() <= codec.maxDecoderBytes());
        decoder.reset();
      }
    } finally {
      decoder.close();
    }
    assertEquals(0, decoder.nativeBytes());
  }

  @ParameterizedTest
  @EnumSource(names = "NONE", mode = EnumSource.Mode.EXCLUDE)
  void writesNothingOutsideItsTarget(Codec codec) throws IOException {
    byte[] stored =
        Shards.tar(Shards.samples(new Random(3), 5, 3000), WriterOptions.compressed(codec));
    try (FrameDecoder decoder = codec.decoder();
        Arena arena = Arena.ofConfined()) {
      MemorySegment source = arena.allocate(stored.length);
      MemorySegment.copy(stored, 0, source, ValueLayout.JAVA_BYTE, 0, stored.length);
      MemorySegment target = arena.allocate(300);
      target.fill((byte) 0x5A);
      int used = 0;
      boolean full = true;
      while (used < stored.length || full) {
        decoder.decode(source, used, stored.length - used, target, 100, 100);
        used += decoder.consumed();
        full = decoder.produced() == 100;
        for (int i = 0; i < 100; i++) {
          assertEquals(0x5A, target.get(ValueLayout.JAVA_BYTE, i));
          assertEquals(0x5A, target.get(ValueLayout.JAVA_BYTE, 200 + i));
        }
      }
    }
  }

  @Test
  void refusesByName() {
    assertRefused(Codec.ZSTD, "28b52ffd 00a8", "window");
    assertRefused(Codec.ZSTD, "28b52ffd 01 58 07", "dictionary 7");
    assertRefused(Codec.LZ4, "02214c18 00", "legacy");
    assertRefused(Codec.LZ4, "04224d18 6140 01000000 6a", "checksum");
    assertRefused(Codec.GZIP, "1f8b08 e0 00000000 00ff", "reserved");
    assertRefused(Codec.GZIP, "1f8b07", "method 7");
  }

  private static void assertRefused(Codec codec, String hex, String reason) {
    byte[] bytes = HexFormat.of().parseHex(hex.replace(" ", ""));
    CodecException refused =
        assertThrows(
            CodecException.class, () -> Decoding.decode(bytes, codec, LARGE, LARGE), reason);
    assertTrue(refused.toString().contains(reason), refused.getMessage());
  }

  @Test
  void detectsByMagicNotByName() {
    byte[] nothing = "plain text, not compressed at all".getBytes(StandardCharsets.US_ASCII);
    assertEquals(Codec.NONE, Decoding.codecOf(nothing));
    assertEquals(Codec.NONE, Decoding.codecOf(new byte[0]));
    assertThrows(IllegalStateException.class, Codec.NONE::decoder);
  }
}
