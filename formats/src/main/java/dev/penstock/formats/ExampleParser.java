package dev.penstock.formats;

/**
 * Finds the features of a {@code tf.train.Example} without copying them. Wire format: protobuf
 * encoding documentation; messages: TensorFlow, {@code example.proto} and {@code feature.proto}:
 *
 * <pre>
 *   Example    { Features features = 1; }
 *   Features   { map&lt;string, Feature&gt; feature = 1; }       entry: key = 1, value = 2
 *   Feature    { oneof { BytesList = 1; FloatList = 2; Int64List = 3; } }
 *   *List      { repeated value = 1; }                      numbers packed or not
 * </pre>
 *
 * As protobuf has it: of equal map keys the last wins, of the kinds in one feature the last wins,
 * lists of that kind are joined, unknown fields are passed over. A feature of no kind is no field,
 * as TensorFlow has it.
 */
final class ExampleParser {
  private final FieldNames names;
  private final RunReader reader = new RunReader();
  private byte[] name = new byte[64];
  private String shard = "";
  private long shardOffset;

  ExampleParser(FieldNames names) {
    this.names = names;
  }

  void parse(String shardName, long offset, ByteRun bytes, long from, long to, SampleView out)
      throws MalformedRecordException {
    shard = shardName;
    shardOffset = offset;
    reader.enter(bytes);
    long at = from;
    while (at < to) {
      long tag = varint(at, to);
      at = reader.next;
      if (tag == Wire.MESSAGE_1) {
        long length = length(at, to);
        at = reader.next;
        features(at, at + length, out);
        at += length;
      } else {
        at = skip(tag, at, to);
      }
    }
  }

  private void features(long from, long to, SampleView out) throws MalformedRecordException {
    long at = from;
    while (at < to) {
      long tag = varint(at, to);
      at = reader.next;
      if (tag == Wire.MESSAGE_1) {
        long length = length(at, to);
        at = reader.next;
        entry(at, at + length, out);
        at += length;
      } else {
        at = skip(tag, at, to);
      }
    }
  }

  private void entry(long from, long to, SampleView out) throws MalformedRecordException {
    long keyFrom = from;
    long keyLength = 0;
    long valueFrom = -1;
    long valueLength = 0;
    long at = from;
    while (at < to) {
      long tag = varint(at, to);
      at = reader.next;
      if (tag == Wire.MESSAGE_1 || tag == Wire.MESSAGE_2) {
        long length = length(at, to);
        at = reader.next;
        if (tag == Wire.MESSAGE_1) {
          keyFrom = at;
          keyLength = length;
        } else if (valueFrom >= 0) {
          throw malformed(at, "a feature's map entry has two values");
        } else {
          valueFrom = at;
          valueLength = length;
        }
        at += length;
      } else {
        at = skip(tag, at, to);
      }
    }
    if (valueFrom >= 0) {
      feature(intern(keyFrom, keyLength), valueFrom, valueFrom + valueLength, out);
    }
  }

  private int intern(long from, long length) throws MalformedRecordException {
    if (length > TarReader.MAX_NAME_BYTES) {
      throw malformed(
          from,
          "feature name of %d bytes, the limit is %d".formatted(length, TarReader.MAX_NAME_BYTES));
    }
    if (length > name.length) {
      name = new byte[TarReader.MAX_NAME_BYTES];
    }
    for (int i = 0; i < length; i++) {
      name[i] = reader.at(from + i);
    }
    int id = names.intern(name, 0, (int) length);
    if (id < 0) {
      throw malformed(from, FieldNames.FULL);
    }
    return id;
  }

  private void feature(int nameId, long from, long to, SampleView out)
      throws MalformedRecordException {
    FieldKind kind = null;
    long kindFrom = from;
    long count = 0;
    long onlyFrom = 0;
    long onlyLength = 0;
    long at = from;
    while (at < to) {
      long fieldFrom = at;
      long tag = varint(at, to);
      at = reader.next;
      FieldKind met = Wire.kindOf(tag);
      if (met == null) {
        at = skip(tag, at, to);
        continue;
      }
      long length = length(at, to);
      at = reader.next;
      if (met != kind) {
        kind = met;
        kindFrom = fieldFrom;
        count = 0;
      }
      count += list(kind, at, at + length);
      if (kind == FieldKind.BYTES && count == 1 && lastLength >= 0) {
        onlyFrom = lastFrom;
        onlyLength = lastLength;
      }
      at += length;
    }
    if (kind == null) {
      return;
    }
    if (count > Integer.MAX_VALUE) {
      throw malformed(from, "a feature of %d values".formatted(count));
    }
    if (kind == FieldKind.BYTES && count == 1) {
      put(out, nameId, kind, onlyFrom, onlyLength, 1);
    } else {
      put(out, nameId, kind, kindFrom, to - kindFrom, (int) count);
    }
  }

  private long lastFrom;
  private long lastLength;

  /** Walks one list and checks it; returns how many values it has. */
  private long list(FieldKind kind, long from, long to) throws MalformedRecordException {
    long count = 0;
    lastLength = -1;
    long at = from;
    while (at < to) {
      long tag = varint(at, to);
      at = reader.next;
      if (tag == Wire.MESSAGE_1) {
        long length = length(at, to);
        at = reader.next;
        switch (kind) {
          case BYTES -> {
            lastFrom = at;
            lastLength = length;
            count++;
          }
          case FLOAT_LIST -> {
            if (length % 4 != 0) {
              throw malformed(at, "packed floats in %d bytes".formatted(length));
            }
            count += length / 4;
          }
          case INT64_LIST -> count += packedInts(at, at + length);
        }
        at += length;
      } else if (kind == FieldKind.INT64_LIST && tag == Wire.VARINT_1) {
        varint(at, to);
        at = reader.next;
        count++;
      } else if (kind == FieldKind.FLOAT_LIST && tag == Wire.FIXED32_1) {
        at = skip(tag, at, to);
        count++;
      } else {
        at = skip(tag, at, to);
      }
    }
    return count;
  }

  private long packedInts(long from, long to) throws MalformedRecordException {
    long count = 0;
    long at = from;
    while (at < to) {
      varint(at, to);
      at = reader.next;
      count++;
    }
    return count;
  }

  private void put(
      SampleView out, int nameId, FieldKind kind, long position, long length, int count)
      throws MalformedRecordException {
    int field = out.fieldOf(nameId);
    if (field >= 0) {
      out.replace(field, kind, position, length, count);
    } else if (!out.add(nameId, kind, position, length, count)) {
      throw malformed(
          position, "example has more than %d features".formatted(SampleFields.MAX_FIELDS));
    }
  }

  private long varint(long at, long limit) throws MalformedRecordException {
    long value = reader.varint(at, limit);
    if (reader.next < 0) {
      throw malformed(at, "protobuf number is cut or too long");
    }
    return value;
  }

  private long length(long at, long limit) throws MalformedRecordException {
    long value = varint(at, limit);
    if (value < 0 || value > limit - reader.next) {
      throw malformed(
          at,
          "protobuf field of %s bytes, %d are left"
              .formatted(Long.toUnsignedString(value), limit - reader.next));
    }
    return value;
  }

  /** Passes over a field of another number or type. */
  private long skip(long tag, long at, long limit) throws MalformedRecordException {
    long end =
        switch ((int) (tag & 7)) {
          case Wire.VARINT -> {
            varint(at, limit);
            yield reader.next;
          }
          case Wire.FIXED64 -> at + 8;
          case Wire.LENGTH -> {
            long length = length(at, limit);
            yield reader.next + length;
          }
          case Wire.FIXED32 -> at + 4;
          default -> throw malformed(at, "protobuf wire type %d".formatted(tag & 7));
        };
    if (end > limit) {
      throw malformed(at, "protobuf field reaches beyond its message");
    }
    return end;
  }

  private MalformedRecordException malformed(long at, String reason) {
    return new MalformedRecordException(
        shard, shardOffset + at, "not a tf.train.Example: " + reason);
  }
}
