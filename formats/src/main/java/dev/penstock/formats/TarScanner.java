package dev.penstock.formats;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Groups the members of an archive into samples: neighbours with the same key. */
final class TarScanner implements RecordScanner {
  private final SourceWindow window;
  private final long start;
  private final TarNames members = new TarNames(new FieldNames());
  private final SampleFields fields = new SampleFields();
  private byte[] key = new byte[256];
  private int keyBytes;
  private long sampleOffset;
  private boolean started;
  private boolean pending;

  /** What was found behind a sample that is whole; thrown when that one has been handed out. */
  private @Nullable MalformedRecordException broken;

  /** Whether the last header read is that of a field, even if its bytes are not all there. */
  private boolean memberFound;

  TarScanner(ByteSource source, long offset) {
    window = new SourceWindow(source);
    start = offset;
    members.tar.start(source.name(), 0, offset);
  }

  @Override
  public boolean next() throws IOException {
    if (!started) {
      started = true;
      if (start == 0 && window.load(0, 1) == 0) {
        throw members.tar.malformed(0, "empty file, not a tar archive");
      }
      pending = advanceWithin();
    }
    if (broken != null) {
      startSample();
      throw broken;
    }
    if (!pending) {
      return false;
    }
    startSample();
    do {
      addField();
      pending = advanceWithin();
    } while (pending && broken == null && sameKey());
    return true;
  }

  /** Like {@link #advance}, but a cut member of the next sample leaves this one whole. */
  private boolean advanceWithin() throws IOException {
    try {
      return advance();
    } catch (MalformedRecordException e) {
      if (!memberFound || sameKey()) {
        throw e;
      }
      broken = e;
      return true;
    }
  }

  /** The next member that is a field, known to be there to its last byte. */
  private boolean advance() throws IOException {
    memberFound = false;
    boolean found = members.next(window);
    memberFound = found;
    TarReader tar = members.tar;
    long end = tar.nextOffset();
    if (end > 0 && !window.exists(end - 1)) {
      throw tar.malformed(
          found ? tar.memberOffset() : end,
          "the archive is cut: a member reaches to byte %d, beyond its end".formatted(end));
    }
    return found;
  }

  private void startSample() {
    fields.clear();
    TarReader tar = members.tar;
    keyBytes = members.keyLength();
    if (keyBytes > key.length) {
      key = new byte[TarReader.MAX_NAME_BYTES];
    }
    System.arraycopy(tar.nameBuffer(), 0, key, 0, keyBytes);
    sampleOffset = tar.memberOffset();
  }

  private boolean sameKey() {
    return Arrays.equals(key, 0, keyBytes, members.tar.nameBuffer(), 0, members.keyLength());
  }

  private void addField() throws MalformedRecordException {
    if (fields.find(members.fieldNameId()) >= 0) {
      throw members.duplicate();
    }
    TarReader tar = members.tar;
    if (!fields.add(members.fieldNameId(), tar.dataOffset(), tar.size())) {
      throw members.tooMany();
    }
  }

  @Override
  public long sampleOffset() {
    return sampleOffset;
  }

  @Override
  public long sampleBytes() {
    int last = fields.count() - 1;
    return fields.offset(last) + fields.length(last) - sampleOffset;
  }

  @Override
  public int keyBytes() {
    return keyBytes;
  }

  @Override
  public void keyTo(MemorySegment target, long targetOffset) {
    MemorySegment.copy(key, 0, target, ValueLayout.JAVA_BYTE, targetOffset, keyBytes);
  }

  @Override
  public int fieldCount() {
    return fields.count();
  }

  @Override
  public int fieldNameId(int field) {
    return fields.nameId(field);
  }

  @Override
  public long fieldOffset(int field) {
    return fields.offset(field);
  }

  @Override
  public long fieldBytes(int field) {
    return fields.length(field);
  }

  @Override
  public FieldNames names() {
    return members.names;
  }

  @Override
  public long endOffset() {
    int last = fields.count() - 1;
    return fields.offset(last) + TarReader.padded(fields.length(last));
  }

  @Override
  public long position() {
    return members.tar.nextOffset();
  }

  @Override
  public void close() {
    window.close();
  }
}
