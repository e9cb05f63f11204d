package dev.penstock.formats;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Makes member headers; the layout is that of {@link TarReader}. */
final class TarHeaderWriter {
  private static final int NAME_BYTES = 100;
  private static final int PREFIX_AT = 345;
  private static final int PREFIX_BYTES = 155;

  /** Eleven octal digits: 8 GiB less one. */
  private static final long MAX_OCTAL_SIZE = (1L << 33) - 1;

  private final byte[] block = new byte[TarHeader.BLOCK_BYTES];

  void write(ShardOutput out, byte[] name, long size) throws IOException {
    int split = splitAt(name);
    boolean nameFits = name.length <= NAME_BYTES || split > 0;
    boolean sizeFits = size <= MAX_OCTAL_SIZE;
    if (!nameFits || !sizeFits) {
      byte[] records = paxRecords(nameFits ? null : name, sizeFits ? -1 : size);
      fill("PaxHeaders/sample".getBytes(StandardCharsets.US_ASCII), 0, records.length, 'x');
      out.write(block, 0, block.length);
      byte[] padded = Arrays.copyOf(records, (int) TarReader.padded(records.length));
      out.write(padded, 0, padded.length);
    }
    if (nameFits) {
      fill(name, name.length <= NAME_BYTES ? 0 : split, sizeFits ? size : 0, '0');
    } else {
      fill(Arrays.copyOf(name, NAME_BYTES), 0, sizeFits ? size : 0, '0');
    }
    out.write(block, 0, block.length);
  }

  /** The slash at which a long name parts into prefix and name; 0 if there is none that fits. */
  private static int splitAt(byte[] name) {
    for (int i = Math.min(PREFIX_BYTES, name.length - 2); i > 0; i--) {
      if (name[i] == '/') {
        return name.length - i - 1 <= NAME_BYTES ? i : 0;
      }
    }
    return 0;
  }

  private void fill(byte[] name, int split, long size, char type) {
    Arrays.fill(block, (byte) 0);
    int nameFrom = split == 0 ? 0 : split + 1;
    System.arraycopy(name, nameFrom, block, 0, name.length - nameFrom);
    System.arraycopy(name, 0, block, PREFIX_AT, split);
    text(100, "0000444");
    text(108, "0000000");
    text(116, "0000000");
    text(124, octal(size, 11));
    text(136, octal(0, 11));
    text(148, "        ");
    block[156] = (byte) type;
    text(257, "ustar");
    text(263, "00");
    text(265, "root");
    text(297, "root");
    text(329, "0000000");
    text(337, "0000000");
    int sum = 0;
    for (byte value : block) {
      sum += value & 0xFF;
    }
    text(148, octal(sum, 6));
    block[154] = 0;
  }

  private void text(int at, String ascii) {
    byte[] bytes = ascii.getBytes(StandardCharsets.US_ASCII);
    System.arraycopy(bytes, 0, block, at, bytes.length);
  }

  private static String octal(long value, int digits) {
    String octal = Long.toOctalString(value);
    return "0".repeat(digits - octal.length()) + octal;
  }

  private static byte[] paxRecords(byte @Nullable [] name, long size) {
    ByteArrayOutputStream records = new ByteArrayOutputStream();
    if (name != null) {
      paxRecord(records, "path", name);
    }
    if (size >= 0) {
      paxRecord(records, "size", Long.toString(size).getBytes(StandardCharsets.US_ASCII));
    }
    return records.toByteArray();
  }

  private static void paxRecord(ByteArrayOutputStream out, String keyword, byte[] value) {
    int rest = keyword.length() + value.length + 3;
    int length = rest;
    while (length != rest + Integer.toString(length).length()) {
      length = rest + Integer.toString(length).length();
    }
    out.writeBytes((length + " " + keyword + "=").getBytes(StandardCharsets.US_ASCII));
    out.writeBytes(value);
    out.write('\n');
  }
}
