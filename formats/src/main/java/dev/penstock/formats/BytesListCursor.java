package dev.penstock.formats;

/**
 * Walks the values of a field of kind {@link FieldKind#BYTES}: the one of a tar member, any number
 * of a {@code BytesList}. Reused; allocates nothing. Not thread-safe.
 */
public final class BytesListCursor {
  private final RunReader reader = new RunReader();
  private int left;
  private boolean single;
  private long at;
  private long end;
  private long listEnd;
  private long valueAt;
  private long valueBytes;

  /** A cursor over nothing. */
  public BytesListCursor() {}

  /** Starts before the first value of {@code field}, which was parsed from {@code run}. */
  public void open(SampleView view, int field, ByteRun run) {
    if (view.kind(field) != FieldKind.BYTES) {
      throw new IllegalStateException("field " + field + " is " + view.kind(field));
    }
    reader.enter(run);
    left = view.valueCount(field);
    single = left == 1;
    at = view.position(field);
    end = at + view.length(field);
    listEnd = at;
    if (single) {
      valueAt = at;
      valueBytes = end - at;
    }
  }

  /** Moves to the next value; false behind the last. */
  public boolean next() {
    if (left == 0) {
      return false;
    }
    left--;
    boolean found = single;
    while (!found) {
      found = step();
    }
    return true;
  }

  /** One protobuf field further, into a list or past a value; whether it is a value. */
  private boolean step() {
    boolean inList = at < listEnd;
    long tag = reader.varint(at, end);
    at = reader.next;
    if (tag != Wire.MESSAGE_1) {
      at = ExampleLists.skip(reader, tag, at, end);
      return false;
    }
    long length = reader.varint(at, end);
    at = reader.next;
    if (!inList) {
      listEnd = at + length;
      return false;
    }
    valueAt = at;
    valueBytes = length;
    at += length;
    return true;
  }

  /** Where the value starts in the run. */
  public long position() {
    return valueAt;
  }

  /** Its length in bytes. */
  public long length() {
    return valueBytes;
  }
}
