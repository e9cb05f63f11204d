package dev.penstock.formats;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * Walks the headers of a tar archive: v7, ustar, pax (POSIX.1-2001) and GNU. One member at a time,
 * extension headers folded into the member they belong to; nothing is allocated per member.
 *
 * <p>Field places and meanings: POSIX.1-2017, pax, "ustar Interchange Format" and "pax Extended
 * Header"; GNU tar manual, "Basic Tar Format". Which members count as files, and where their bytes
 * end, follows Python's tarfile, since that is what webdataset reads with.
 */
final class TarReader {
  /** Bound on the extended headers of one member, together. */
  static final int MAX_PAX_BYTES = 1 << 20;

  /** Bound on a name: PATH_MAX of Linux. */
  static final int MAX_NAME_BYTES = 4096;

  /** Bound on the extended headers in front of one member; honest archives have two at most. */
  private static final int MAX_EXTENSIONS = 16;

  private static final int SIZE_AT = 124;
  private static final int SIZE_BYTES = 12;
  private static final int TYPE_AT = 156;
  private static final int PREFIX_AT = 345;
  private static final int PREFIX_BYTES = 155;

  private static final byte[] PAX_PATH = {'p', 'a', 't', 'h'};
  private static final byte[] PAX_SIZE = {'s', 'i', 'z', 'e'};
  private static final byte[] PAX_SPARSE = {'G', 'N', 'U', '.', 's', 'p', 'a', 'r', 's', 'e', '.'};

  private String shard = "";
  private long origin;
  private long position;
  private boolean atEnd;

  private long memberOffset;
  private long dataOffset;
  private long size;
  private boolean regular;
  private byte[] name = new byte[256];
  private int nameLength;

  private boolean nameOverridden;
  private long sizeOverride;
  private int extensions;
  private long extensionBytes;

  /** Starts at {@code startPosition}; errors name {@code shard} and add {@code origin}. */
  void start(String shardName, long shardOrigin, long startPosition) {
    shard = shardName;
    origin = shardOrigin;
    position = startPosition;
    atEnd = false;
  }

  /** Moves to the next member; false at a zero block or at the end of the bytes. */
  boolean next(Window in) throws IOException {
    if (atEnd) {
      return false;
    }
    memberOffset = position;
    nameOverridden = false;
    sizeOverride = -1;
    extensions = 0;
    extensionBytes = 0;
    while (true) {
      int got = in.load(position, TarHeader.BLOCK_BYTES);
      if (got < TarHeader.BLOCK_BYTES || TarHeader.isZero(in.segment, in.base)) {
        return end(got);
      }
      if (!readHeader(in)) {
        return true;
      }
    }
  }

  private boolean end(int got) throws MalformedRecordException {
    if (extensions > 0) {
      throw malformed(position, "the archive ends between an extended header and its member");
    }
    if (got > 0 && got < TarHeader.BLOCK_BYTES) {
      throw malformed(
          position,
          "the archive ends inside a header: %d of %d bytes".formatted(got, TarHeader.BLOCK_BYTES));
    }
    atEnd = true;
    return false;
  }

  /** Reads the header at {@link #position}; whether it only extends the one behind it. */
  private boolean readHeader(Window in) throws IOException {
    MemorySegment head = in.segment;
    long at = in.base;
    if (!TarHeader.checksumFits(head, at)) {
      throw malformed(
          position, position + origin == 0 ? "not a tar header" : "checksum of a header is wrong");
    }
    long ownSize = number(head, at + SIZE_AT, SIZE_BYTES);
    byte type = head.get(ValueLayout.JAVA_BYTE, at + TYPE_AT);
    switch (type) {
      case 'x', 'X', 'g', 'L', 'K' -> {
        extend(in, type, ownSize);
        return true;
      }
      case 'S' ->
          throw malformed(
              position, "GNU sparse member; sparse files are not supported (write without tar -S)");
      default -> member(head, at, type, ownSize);
    }
    return false;
  }

  private void member(MemorySegment head, long at, byte type, long ownSize)
      throws MalformedRecordException {
    boolean file = type == '0' || type == 0 || type == '7';
    if (type == 0 && TarHeader.endsWithSlash(head, at)) {
      file = false;
    }
    if (!nameOverridden) {
      nameFromHeader(head, at);
    }
    regular = file;
    size = sizeOverride >= 0 ? sizeOverride : ownSize;
    dataOffset = position + TarHeader.BLOCK_BYTES;
    boolean known = (type >= '1' && type <= '6') || (type == 0 && !file);
    position = dataOffset + (known ? 0 : padded(size));
  }

  private void extend(Window in, byte type, long bodyBytes) throws IOException {
    if (++extensions > MAX_EXTENSIONS) {
      throw malformed(
          position, "more than %d extended headers before one member".formatted(MAX_EXTENSIONS));
    }
    long body = position + TarHeader.BLOCK_BYTES;
    extensionBytes += bodyBytes;
    if (extensionBytes > MAX_PAX_BYTES) {
      throw malformed(
          position,
          "extended headers of %d bytes, the limit is %d".formatted(extensionBytes, MAX_PAX_BYTES));
    }
    int length = (int) bodyBytes;
    if (in.load(body, length) < length) {
      throw malformed(position, "the archive ends inside an extended header");
    }
    switch (type) {
      case 'L' -> longName(in.segment, in.base, length);
      case 'K' -> {}
      default -> pax(in.segment, in.base, length, type == 'g');
    }
    position = body + padded(bodyBytes);
  }

  private void longName(MemorySegment body, long at, int length) throws MalformedRecordException {
    int end = 0;
    while (end < length && body.get(ValueLayout.JAVA_BYTE, at + end) != 0) {
      end++;
    }
    setName(body, at, end);
    nameOverridden = true;
  }

  /** Records of the form {@code "LENGTH KEY=VALUE\n"}, the length counting itself. */
  private void pax(MemorySegment body, long at, int length, boolean global)
      throws MalformedRecordException {
    int done = 0;
    while (done < length && body.get(ValueLayout.JAVA_BYTE, at + done) != 0) {
      int record = 0;
      int digits = 0;
      while (done + digits < length && digits < 8 && isDigit(body, at + done + digits)) {
        record = record * 10 + body.get(ValueLayout.JAVA_BYTE, at + done + digits) - '0';
        digits++;
      }
      long recordAt = at + done;
      if (digits == 0
          || record < digits + 3
          || record > length - done
          || body.get(ValueLayout.JAVA_BYTE, recordAt + digits) != ' '
          || body.get(ValueLayout.JAVA_BYTE, recordAt + record - 1) != '\n') {
        throw malformed(position, "extended header record " + done + " bytes in is malformed");
      }
      paxRecord(body, recordAt + digits + 1, recordAt + record - 1, global);
      done += record;
    }
  }

  private void paxRecord(MemorySegment body, long from, long to, boolean global)
      throws MalformedRecordException {
    long equals = from;
    while (equals < to && body.get(ValueLayout.JAVA_BYTE, equals) != '=') {
      equals++;
    }
    if (equals == to) {
      throw malformed(position, "extended header record without '='");
    }
    if (starts(body, from, equals, PAX_SPARSE)) {
      throw malformed(
          position, "pax sparse member; sparse files are not supported (write without tar -S)");
    }
    boolean path = equals - from == PAX_PATH.length && starts(body, from, equals, PAX_PATH);
    boolean paxSize = equals - from == PAX_SIZE.length && starts(body, from, equals, PAX_SIZE);
    if (global && (path || paxSize)) {
      throw malformed(position, "global extended header sets a member's path or size");
    }
    if (path) {
      long end = to;
      while (end > equals + 1 && body.get(ValueLayout.JAVA_BYTE, end - 1) == '/') {
        end--;
      }
      setName(body, equals + 1, end - equals - 1);
      nameOverridden = true;
    } else if (paxSize) {
      sizeOverride = decimal(body, equals + 1, to);
    }
  }

  private long decimal(MemorySegment body, long from, long to) throws MalformedRecordException {
    long value = 0;
    if (to - from < 1 || to - from > 18) {
      throw malformed(position, "extended header sets a size that is no number");
    }
    for (long at = from; at < to; at++) {
      if (!isDigit(body, at)) {
        throw malformed(position, "extended header sets a size that is no number");
      }
      value = value * 10 + body.get(ValueLayout.JAVA_BYTE, at) - '0';
    }
    return value;
  }

  private void nameFromHeader(MemorySegment head, long at) {
    int prefix = 0;
    if (head.get(ValueLayout.JAVA_BYTE, at + PREFIX_AT) != 0 && TarHeader.isPosix(head, at)) {
      prefix = copyName(head, at + PREFIX_AT, PREFIX_BYTES, 0);
      name[prefix++] = '/';
    }
    nameLength = copyName(head, at + TarHeader.NAME_AT, TarHeader.NAME_BYTES, prefix);
  }

  /** Copies up to a zero byte to {@code name[to...]}; returns the end. */
  private int copyName(MemorySegment head, long at, int limit, int to) {
    MemorySegment.copy(head, ValueLayout.JAVA_BYTE, at, name, to, limit);
    int end = to;
    while (end < to + limit && name[end] != 0) {
      end++;
    }
    return end;
  }

  private void setName(MemorySegment from, long at, long length) throws MalformedRecordException {
    if (length > MAX_NAME_BYTES) {
      throw malformed(
          position, "name of %d bytes, the limit is %d".formatted(length, MAX_NAME_BYTES));
    }
    if (length > name.length) {
      name = Arrays.copyOf(name, MAX_NAME_BYTES);
    }
    MemorySegment.copy(from, ValueLayout.JAVA_BYTE, at, name, 0, (int) length);
    nameLength = (int) length;
  }

  /** Octal text padded by spaces and zeros, or GNU's base 256, marked by the first bit. */
  private long number(MemorySegment head, long at, int bytes) throws MalformedRecordException {
    int first = head.get(ValueLayout.JAVA_BYTE, at) & 0xFF;
    if ((first & 0x80) != 0) {
      return binaryNumber(head, at, bytes, first);
    }
    int i = 0;
    while (i < bytes && head.get(ValueLayout.JAVA_BYTE, at + i) == ' ') {
      i++;
    }
    long value = 0;
    for (; i < bytes; i++) {
      byte digit = head.get(ValueLayout.JAVA_BYTE, at + i);
      if (digit < '0' || digit > '7') {
        break;
      }
      value = value << 3 | (digit - '0');
    }
    for (; i < bytes; i++) {
      byte pad = head.get(ValueLayout.JAVA_BYTE, at + i);
      if (pad == 0) {
        break;
      }
      if (pad != ' ') {
        throw malformed(position, "size in a header is no octal number");
      }
    }
    return value;
  }

  private long binaryNumber(MemorySegment head, long at, int bytes, int first)
      throws MalformedRecordException {
    long value = first & 0x3F;
    boolean tooLarge = (first & 0x40) != 0;
    for (int i = 1; i < bytes; i++) {
      tooLarge |= value >>> 48 != 0;
      value = value << 8 | (head.get(ValueLayout.JAVA_BYTE, at + i) & 0xFF);
    }
    if (tooLarge) {
      throw malformed(position, "size in a header is negative or beyond 2^56 bytes");
    }
    return value;
  }

  private static boolean isDigit(MemorySegment body, long at) {
    byte value = body.get(ValueLayout.JAVA_BYTE, at);
    return value >= '0' && value <= '9';
  }

  private static boolean starts(MemorySegment body, long from, long to, byte[] prefix) {
    if (to - from < prefix.length) {
      return false;
    }
    for (int i = 0; i < prefix.length; i++) {
      if (body.get(ValueLayout.JAVA_BYTE, from + i) != prefix[i]) {
        return false;
      }
    }
    return true;
  }

  static long padded(long bytes) {
    return (bytes + TarHeader.BLOCK_BYTES - 1) & -TarHeader.BLOCK_BYTES;
  }

  /** Where the member starts, its extended headers included. */
  long memberOffset() {
    return memberOffset;
  }

  /** Where its bytes start. */
  long dataOffset() {
    return dataOffset;
  }

  /** How many bytes it has. */
  long size() {
    return size;
  }

  /** Whether it is a file, not a directory, link, device or metadata. */
  boolean isRegular() {
    return regular;
  }

  /** The path, in {@code nameBuffer()[0, nameLength())}; valid until the next member. */
  byte[] nameBuffer() {
    return name;
  }

  int nameLength() {
    return nameLength;
  }

  /** Where the next header is due. */
  long nextOffset() {
    return position;
  }

  MalformedRecordException malformed(long at, String reason) {
    return new MalformedRecordException(shard, origin + at, reason);
  }
}
