package dev.penstock.formats;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/** The naming rules against webdataset's own patterns; UNIX_LINES gives them Python's meaning. */
class SampleNameTest {
  private static final Pattern BASE_PLUS_EXT =
      Pattern.compile("^((?:.*/|)[^.]+)[.]([^/]*)$", Pattern.UNIX_LINES);
  private static final Pattern SKIP_META = Pattern.compile("__[^/]*__($|/)", Pattern.UNIX_LINES);

  @Provide
  Arbitrary<String> names() {
    Arbitrary<String> crafted = Arbitraries.strings().withChars("a._/_.\nB").ofMaxLength(12);
    Arbitrary<String> meta =
        Arbitraries.strings().withChars("_a/.\n").ofMaxLength(6).map(middle -> "__" + middle);
    return Arbitraries.oneOf(crafted, meta, Arbitraries.strings().ofMaxLength(20));
  }

  @Property(tries = 5000)
  void splitsAsWebdatasetDoes(@ForAll("names") String name) {
    byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
    String read = new String(bytes, StandardCharsets.UTF_8);
    Matcher matcher = BASE_PLUS_EXT.matcher(read);
    int end = SampleName.keyEnd(bytes, bytes.length);
    if (matcher.find()) {
      assertTrue(end >= 0, read);
      assertEquals(matcher.group(1), new String(bytes, 0, end, StandardCharsets.UTF_8));
      assertEquals(
          matcher.group(2),
          new String(bytes, end + 1, bytes.length - end - 1, StandardCharsets.UTF_8));
    } else {
      assertEquals(-1, end, read);
    }
  }

  @Property(tries = 5000)
  void skipsMetaAsWebdatasetDoes(@ForAll("names") String name) {
    byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
    String read = new String(bytes, StandardCharsets.UTF_8);
    boolean top = !read.contains("/") && read.startsWith("__") && read.endsWith("__");
    boolean expected = top || SKIP_META.matcher(read).lookingAt();
    assertEquals(expected, SampleName.isMeta(bytes, bytes.length), read);
  }

  @Property
  void namesTurnIntoTextAndBack(@ForAll byte[] bytes) {
    String text = Names.toText(bytes, 0, bytes.length);
    assertEquals(text, Names.toText(Names.toBytes(text), 0, bytes.length));
    assertArrayEquals(bytes, Names.toBytes(text));
  }

  @Property
  void lowersAsTextDoes(@ForAll("names") String name) {
    byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
    String read = new String(bytes, StandardCharsets.UTF_8);
    String lower = new String(SampleName.lower(bytes, 0, bytes.length), StandardCharsets.UTF_8);
    assertEquals(read.toLowerCase(Locale.ROOT), lower);
    byte[] inPlace = bytes.clone();
    if (SampleName.lowerAscii(inPlace, 0, inPlace.length)) {
      assertEquals(lower, new String(inPlace, StandardCharsets.UTF_8));
    }
  }
}
