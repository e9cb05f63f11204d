package dev.penstock.formats;

import java.io.ByteArrayOutputStream;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;

/** Encodes a {@code tf.train.Example}; the messages are those of {@link ExampleParser}. */
final class ExampleEncoder {
  byte[] encode(List<SampleField> fields) {
    ByteArrayOutputStream features = new ByteArrayOutputStream();
    for (SampleField field : fields) {
      ByteArrayOutputStream entry = new ByteArrayOutputStream();
      message(entry, Wire.MESSAGE_1, Names.toBytes(field.name()));
      message(entry, Wire.MESSAGE_2, feature(field));
      message(features, Wire.MESSAGE_1, entry.toByteArray());
    }
    ByteArrayOutputStream example = new ByteArrayOutputStream();
    message(example, Wire.MESSAGE_1, features.toByteArray());
    return example.toByteArray();
  }

  private static byte[] feature(SampleField field) {
    ByteArrayOutputStream list = new ByteArrayOutputStream();
    int tag =
        switch (field) {
          case SampleField.Bytes bytes -> {
            message(list, Wire.MESSAGE_1, bytes.value().toArray(ValueLayout.JAVA_BYTE));
            yield Wire.MESSAGE_1;
          }
          case SampleField.Floats floats -> {
            ByteBuffer packed =
                ByteBuffer.allocate(Math.multiplyExact(floats.values().length, Float.BYTES))
                    .order(ByteOrder.LITTLE_ENDIAN);
            packed.asFloatBuffer().put(floats.values());
            message(list, Wire.MESSAGE_1, packed.array());
            yield Wire.MESSAGE_2;
          }
          case SampleField.Ints ints -> {
            ByteArrayOutputStream packed = new ByteArrayOutputStream();
            for (long value : ints.values()) {
              varint(packed, value);
            }
            message(list, Wire.MESSAGE_1, packed.toByteArray());
            yield Wire.MESSAGE_3;
          }
        };
    ByteArrayOutputStream feature = new ByteArrayOutputStream();
    message(feature, tag, list.toByteArray());
    return feature.toByteArray();
  }

  private static void message(ByteArrayOutputStream out, int tag, byte[] body) {
    varint(out, tag);
    varint(out, body.length);
    out.writeBytes(body);
  }

  private static void varint(ByteArrayOutputStream out, long value) {
    long left = value;
    while ((left & ~0x7FL) != 0) {
      out.write((int) ((left & 0x7F) | 0x80));
      left >>>= 7;
    }
    out.write((int) left);
  }
}
