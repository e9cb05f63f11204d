package dev.penstock.formats;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

/** The corners of protobuf that TensorFlow's own writer never visits, and other writers do. */
class ExampleParserTest {
  private final FieldNames names = new FieldNames();
  private final SampleView view = new SampleView();
  private final ByteRun run = new ByteRun();

  /** A length-delimited field. */
  private static byte[] field(int number, byte[]... parts) {
    byte[] body = join(parts);
    return join(new byte[] {(byte) (number << 3 | 2), (byte) body.length}, body);
  }

  private static byte[] join(byte[]... parts) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      out.writeBytes(part);
    }
    return out.toByteArray();
  }

  private static byte[] bytes(int... values) {
    byte[] bytes = new byte[values.length];
    for (int i = 0; i < values.length; i++) {
      bytes[i] = (byte) values[i];
    }
    return bytes;
  }

  private static byte[] entry(String key, byte[]... feature) {
    return field(1, field(1, key.getBytes(StandardCharsets.UTF_8)), field(2, feature));
  }

  private void parse(byte[]... entries) throws MalformedRecordException {
    parseExample(field(1, entries));
  }

  private void parseExample(byte[] example) throws MalformedRecordException {
    MemorySegment segment = Arena.ofAuto().allocate(example.length + 1L);
    MemorySegment.copy(example, 0, segment, ValueLayout.JAVA_BYTE, 0, example.length);
    run.clear();
    view.clear();
    for (int i = 0; i < example.length; i += 3) {
      run.append(segment, i, Math.min(3, example.length - i));
    }
    new ExampleParser(names).parse("x", 100, run, 0, example.length, view);
  }

  private byte[] value(String name) {
    return Listing.value(view, view.fieldOf(names.idOf(name)), run);
  }

  private long[] ints(String name) {
    return MemorySegment.ofArray(value(name)).toArray(ValueLayout.JAVA_LONG_UNALIGNED);
  }

  @Test
  void unpackedNumbers() throws MalformedRecordException {
    parse(
        entry("i", field(3, bytes(0x08, 5, 0x08, 6), field(1, bytes(7, 8)), bytes(0x08, 9))),
        entry("f", field(2, bytes(0x0D, 0, 0, 0x80, 0x3F), field(1, bytes(0, 0, 0, 0x40)))));
    assertArrayEquals(new long[] {5, 6, 7, 8, 9}, ints("i"));
    assertEquals(5, view.valueCount(view.fieldOf(names.idOf("i"))));
    assertArrayEquals(bytes(0, 0, 0x80, 0x3F, 0, 0, 0, 0x40), value("f"));
  }

  @Test
  void lastOfEqualKeysWins() throws MalformedRecordException {
    parse(
        entry("a", field(1, field(1, bytes(1)))),
        entry("b", field(1, field(1, bytes(2)))),
        entry("a", field(3, field(1, bytes(3)))));
    assertEquals(2, view.fieldCount());
    assertArrayEquals(new long[] {3}, ints("a"));
  }

  @Test
  void lastKindWinsAndListsOfItAreJoined() throws MalformedRecordException {
    parse(
        entry(
            "a",
            field(1, field(1, bytes(1))),
            field(3, field(1, bytes(1, 2))),
            field(3, bytes(0x08, 3))),
        entry("b", field(1, field(1, bytes(1)), field(1)), field(1, field(1, bytes(2, 3)))));
    assertArrayEquals(new long[] {1, 2, 3}, ints("a"));
    assertArrayEquals(bytes(1, 2, 3), value("b"));
    assertEquals(3, view.valueCount(view.fieldOf(names.idOf("b"))));
  }

  @Test
  void featuresInTwoPartsAreMerged() throws MalformedRecordException {
    parseExample(
        join(
            field(1, entry("a", field(1, field(1, bytes(1))))),
            field(1, entry("b", field(1, field(1, bytes(2)))))));
    assertArrayEquals(bytes(1), value("a"));
    assertArrayEquals(bytes(2), value("b"));
  }

  @Test
  void unknownFieldsArePassedOver() throws MalformedRecordException {
    byte[] unknown = join(bytes(0x78, 0x80, 0x01), bytes(0x7D, 1, 2, 3, 4), field(14, bytes(9)));
    byte[] fixed64 = bytes(0x79, 1, 2, 3, 4, 5, 6, 7, 8);
    parseExample(
        join(
            unknown,
            field(
                1,
                fixed64,
                field(
                    1,
                    unknown,
                    field(1, bytes('k')),
                    field(2, unknown, field(3, unknown, field(1, bytes(4)), fixed64), unknown))),
            unknown));
    assertArrayEquals(new long[] {4}, ints("k"));
  }

  @Test
  void emptyListsAndFeaturesOfNoKind() throws MalformedRecordException {
    parse(
        entry("none"),
        entry("bytes", field(1)),
        entry("ints", field(3)),
        entry("one", field(1, field(1))),
        field(1, field(1, bytes('n', 'o'))),
        field(1, field(2, field(3, field(1, bytes(1))))));
    assertEquals(-1, view.fieldOf(names.idOf("none")));
    assertEquals(-1, view.fieldOf(names.idOf("no")));
    assertEquals(0, view.valueCount(view.fieldOf(names.idOf("bytes"))));
    assertEquals(0, view.valueCount(view.fieldOf(names.idOf("ints"))));
    assertEquals(0, value("one").length);
    assertArrayEquals(new long[] {1}, ints(""));
  }

  @Test
  void negativeNumbersTakeTenBytes() throws MalformedRecordException {
    byte[] minusOne = bytes(255, 255, 255, 255, 255, 255, 255, 255, 255, 1);
    parse(entry("i", field(3, field(1, minusOne, bytes(0)))));
    assertArrayEquals(new long[] {-1, 0}, ints("i"));
  }

  @Test
  void malformedMessages() {
    assertMalformed(bytes(0x0A, 5, 1), "are left");
    assertMalformed(bytes(0x0B), "wire type 3");
    assertMalformed(bytes(0x80, 0x80), "cut or too long");
    assertMalformed(
        bytes(255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1), "cut or too long");
    assertMalformed(field(1, entry("f", field(2, field(1, bytes(1, 2, 3))))), "packed floats");
    assertMalformed(field(1, field(1, field(2, field(1)), field(2, field(1)))), "two values");
    assertMalformed(bytes(0x7D, 1), "beyond its message");
  }

  private void assertMalformed(byte[] example, String reason) {
    MalformedRecordException malformed =
        assertThrows(MalformedRecordException.class, () -> parseExample(example));
    assertTrue(malformed.reason().contains(reason), malformed.getMessage());
    assertTrue(malformed.offset() >= 100);
  }

  @Test
  void aListIsNotReadAsAnotherKind() throws MalformedRecordException {
    parse(entry("i", field(3, field(1, bytes(1)))));
    assertThrows(IllegalStateException.class, () -> view.copyFloat(0, run, MemorySegment.NULL, 0));
  }
}
