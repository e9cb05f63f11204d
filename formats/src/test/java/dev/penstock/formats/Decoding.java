package dev.penstock.formats;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/** Decodes whole shards in tests, in steps of chosen sizes, noting frame borders. */
final class Decoding {
  private Decoding() {}

  @SuppressWarnings("ArrayRecordComponent")
  record Decoded(byte[] bytes, FrameTable frames) {}

  /** The codec that the bytes' magic number tells. */
  static Codec codecOf(byte[] stored) {
    return Codec.detect(
        MemorySegment.ofArray(stored), 0, Math.min(stored.length, Codec.MAGIC_BYTES));
  }

  static byte[] decode(byte[] stored, Codec codec) throws IOException {
    return codec == Codec.NONE ? stored : decode(stored, codec, 1 << 20, 1 << 20).bytes();
  }

  /** Feeds at most {@code inStep} bytes and offers at most {@code outStep} at a time. */
  static Decoded decode(byte[] stored, Codec codec, int inStep, int outStep) throws IOException {
    try (FrameDecoder decoder = codec.decoder();
        Arena arena = Arena.ofConfined()) {
      MemorySegment source = arena.allocate(stored.length + 1L);
      MemorySegment.copy(stored, 0, source, ValueLayout.JAVA_BYTE, 0, stored.length);
      MemorySegment target = arena.allocate(outStep);
      byte[] out = new byte[1024];
      FrameTable.Builder frames = FrameTable.builder().add(0, 0);
      int made = 0;
      int used = 0;
      boolean full = false;
      while (used < stored.length || full) {
        int offered = Math.min(inStep, stored.length - used);
        decoder.decode(source, used, offered, target, 0, outStep);
        if (decoder.consumed() == 0 && decoder.produced() == 0 && !full) {
          throw new IllegalStateException("no progress at " + used);
        }
        used += decoder.consumed();
        int produced = decoder.produced();
        full = produced == outStep;
        if (made + produced > out.length) {
          out = Arrays.copyOf(out, Math.max(made + produced, out.length * 2));
        }
        MemorySegment.copy(target, ValueLayout.JAVA_BYTE, 0, out, made, produced);
        made += produced;
        if (decoder.atFrameEnd() && decoder.consumed() > 0) {
          frames.add(used, made);
        }
      }
      if (!decoder.atFrameEnd()) {
        throw new CodecException(codec, "cut");
      }
      return new Decoded(Arrays.copyOf(out, made), frames.build(stored.length, made));
    }
  }
}
