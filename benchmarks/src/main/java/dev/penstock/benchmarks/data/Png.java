package dev.penstock.benchmarks.data;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32;
import java.util.zip.Deflater;

/**
 * Writes 8-bit RGB pictures as PNG (ISO/IEC 15948) without row filters, so that a reader without an
 * image library needs nothing but inflate.
 */
final class Png {
  private static final byte[] SIGNATURE = {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
  private static final byte[] END = {};

  private Png() {}

  static byte[] encode(byte[] rgb, int width, int height) {
    ByteArrayOutputStream out = new ByteArrayOutputStream(rgb.length);
    out.writeBytes(SIGNATURE);
    byte eightBits = 8;
    byte trueColour = 2;
    chunk(
        out,
        "IHDR",
        ByteBuffer.allocate(13).putInt(width).putInt(height).put(eightBits).put(trueColour).array(),
        13);
    byte[] rows = new byte[height * (1 + 3 * width)]; // each row begins with filter 0, "none"
    for (int y = 0; y < height; y++) {
      System.arraycopy(rgb, 3 * width * y, rows, y * (1 + 3 * width) + 1, 3 * width);
    }
    Deflater deflater = new Deflater(Deflater.BEST_SPEED);
    try {
      deflater.setInput(rows);
      deflater.finish();
      byte[] deflated = new byte[rows.length + rows.length / 8 + 64];
      chunk(out, "IDAT", deflated, deflater.deflate(deflated));
    } finally {
      deflater.end();
    }
    chunk(out, "IEND", END, 0);
    return out.toByteArray();
  }

  private static void chunk(ByteArrayOutputStream out, String type, byte[] data, int length) {
    byte[] name = type.getBytes(StandardCharsets.US_ASCII);
    CRC32 crc = new CRC32();
    crc.update(name);
    crc.update(data, 0, length);
    out.writeBytes(ByteBuffer.allocate(4).putInt(length).array());
    out.writeBytes(name);
    out.write(data, 0, length);
    out.writeBytes(ByteBuffer.allocate(4).putInt((int) crc.getValue()).array());
  }
}
