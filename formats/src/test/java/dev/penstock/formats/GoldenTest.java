package dev.penstock.formats;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * Archives that GNU tar, Python's tarfile, webdataset and TensorFlow wrote, read exactly as
 * webdataset and TensorFlow read them. {@code src/test/golden/make.py} makes both.
 */
class GoldenTest {
  @Test
  void runsOnTheModulePath() {
    assertTrue(getClass().getModule().isNamed());
  }

  @TestFactory
  List<DynamicTest> readsWhatTheReferenceReads() throws IOException {
    Map<String, List<String>> expected = new LinkedHashMap<>();
    for (String line :
        new String(resource("expected.tsv"), StandardCharsets.UTF_8).lines().toList()) {
      String file = line.substring(0, line.indexOf('\t'));
      List<String> lines = expected.computeIfAbsent(file, ignored -> new ArrayList<>());
      if (!line.endsWith("\t-")) {
        lines.add(line);
      }
    }
    assertTrue(expected.size() > 40, () -> "only " + expected.keySet());
    List<DynamicTest> tests = new ArrayList<>();
    expected.forEach(
        (file, lines) -> {
          for (int pieceBytes : new int[] {Integer.MAX_VALUE, 700, 13}) {
            tests.add(
                DynamicTest.dynamicTest(
                    file + " in pieces of " + pieceBytes,
                    () -> assertEquals(lines, Listing.of(file, resource(file), pieceBytes))));
          }
        });
    return tests;
  }

  @Test
  void refusesSparseMembersByName() throws IOException {
    assertRefused("gnutar-gnu-sparse.tar", "GNU sparse");
    assertRefused("gnutar-pax-sparse.tar", "pax sparse");
  }

  private static void assertRefused(String file, String reason) throws IOException {
    byte[] bytes = resource(file);
    MalformedRecordException refused =
        assertThrows(
            MalformedRecordException.class,
            () ->
                ShardIndex.scan(
                    new MemorySource(file, bytes), Codec.NONE, IndexOptions.detecting()));
    assertTrue(refused.reason().contains(reason), refused.getMessage());
    assertEquals(file, refused.shard());
    assertEquals(0, refused.offset());
  }

  @Test
  void scansReadHeadersOnly() throws IOException {
    MemorySource source = new MemorySource("noise.tar", resource("noise.tar"));
    ShardIndex.scan(source, Codec.NONE, IndexOptions.detecting());
    assertTrue(source.bytesRead.get() < 20_000, () -> source.bytesRead + " bytes read");
    assertFalse(source.reads.get() > 10, () -> source.reads + " reads");
  }

  static byte[] resource(String file) throws IOException {
    try (InputStream in = GoldenTest.class.getResourceAsStream("/golden/" + file)) {
      return Objects.requireNonNull(in, file).readAllBytes();
    }
  }
}
