package dev.penstock.cache;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.bridge.BlockReaderConfig;
import dev.penstock.bridge.ByteBudget;
import dev.penstock.bridge.ReadMode;
import dev.penstock.cache.origin.FileOrigin;
import dev.penstock.cache.origin.OriginException;
import dev.penstock.cache.origin.StoredObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class DatasetLocatorTest {
  @TempDir Path directory;

  private final FileOrigin files =
      FileOrigin.open(BlockReaderConfig.of(ByteBudget.of(64 << 20)), ReadMode.AUTO);

  @AfterEach
  void close() {
    files.close();
  }

  private void write(String... names) throws IOException {
    for (String name : names) {
      Path file = directory.resolve(name);
      Files.createDirectories(file.getParent());
      Files.writeString(file, name);
    }
  }

  private List<StoredObject> resolve(String... entries) throws OriginException {
    return DatasetLocator.resolve(List.of(entries), List.of(files));
  }

  private List<String> names(String... entries) throws OriginException {
    return resolve(entries).stream().map(StoredObject::name).toList();
  }

  @Test
  void bracesKeepTheOrderAsWritten() throws IOException {
    write("t-000.tar", "t-001.tar", "t-002.tar", "v-7.tar");
    assertEquals(
        List.of("t-002.tar", "t-000.tar", "v-7.tar"), names(directory + "/{t-{002,000},v-7}.tar"));
    assertEquals(
        List.of("t-000.tar", "t-001.tar", "t-002.tar"), names(directory + "/t-{000..002}.tar"));
    assertEquals(
        List.of("t-001.tar", "v-7.tar"),
        names(directory + "/t-001.tar::" + directory + "/v-7.tar"));
  }

  @Test
  void namesAreRelativeToTheFixedPart() throws IOException {
    write("a/x.tar", "b/x.tar", "b/c/y.tar");
    assertEquals(List.of("a/x.tar", "b/x.tar"), names(directory + "/{a,b}/x.tar"));
    assertEquals(List.of("a/x.tar", "b/x.tar"), names(directory + "/*/x.tar"));
    assertEquals(List.of("a/x.tar", "b/c/y.tar", "b/x.tar"), names(directory + "/**/*.tar"));
    assertEquals(List.of("b/x.tar", "a/x.tar"), names(directory + "/{b,a}/*.tar"));
    assertEquals(List.of("b/x.tar", "a/x.tar"), names(directory + "/{b,a}"));
    assertEquals(List.of("x.tar"), names(directory + "/a/"));
    assertEquals(List.of("x.tar"), names("file://" + directory + "/a/x.tar"));
    assertEquals(
        List.of("a/x.tar", "b/x.tar"), names(directory + "/a/x.tar", directory + "/b/x.tar"));
  }

  @Test
  void aDirectoryGivesItsShardsElseItsVisibleFiles() throws IOException {
    write("s/b.tar", "s/a.tar.gz", "s/c.tgz", "s/readme.txt", "s/a.tar.gz.penstock-index");
    write("s/d.tfrecord-00000-of-00001", "s/.hidden.tar");
    assertEquals(
        List.of("a.tar.gz", "b.tar", "c.tgz", "d.tfrecord-00000-of-00001"),
        names(directory + "/s"));
    write("r/train-00001-of-00002", "r/train-00000-of-00002", "r/x.idx", "r/.part");
    assertEquals(List.of("train-00000-of-00002", "train-00001-of-00002"), names(directory + "/r"));
  }

  @Test
  void wildcardsLeaveIndexesOut() throws IOException {
    write("t-0.tar", "t-0.tar.penstock-index", "t-1.tar", ".t-2.tar");
    assertEquals(List.of("t-0.tar", "t-1.tar"), names(directory + "/t-*"));
    assertEquals(List.of("t-1.tar"), names(directory + "/t-[!0]*"));
    assertEquals(List.of("t-0.tar", "t-1.tar"), names(directory + "/*"));
  }

  @Test
  void listsHoldEntriesRelativeToThemselves() throws IOException {
    write("x/1.tar", "x/2.tar", "y/3.tar");
    Files.writeString(
        directory.resolve("x/list.txt"),
        "# order matters\n2.tar\n\n1.tar\n" + directory + "/y/{3..3}.tar\n");
    assertEquals(List.of("2.tar", "1.tar", "3.tar"), names("@" + directory + "/x/list.txt"));
  }

  @Test
  void aShardNamedTwiceIsRefused() throws IOException {
    write("1.tar");
    IllegalArgumentException refused =
        assertThrows(
            IllegalArgumentException.class,
            () -> resolve(directory + "/1.tar", directory + "/./1.tar"));
    assertTrue(refused.toString().contains("named twice"), refused.toString());
  }

  @Test
  void whatIsMissingIsSaidWithWhatIsNearby() throws IOException {
    write("train-000.tar", "train-001.tar");
    OriginException missing =
        assertThrows(OriginException.class, () -> resolve(directory + "/train-{000..002}.tar"));
    assertEquals(OriginException.Kind.NOT_FOUND, missing.kind());
    assertTrue(missing.toString().contains("train-002.tar"), missing.toString());
    assertTrue(missing.toString().contains("{000..002}"), missing.toString());
    assertTrue(missing.toString().contains("holds 2 files"), missing.toString());
    assertThrows(OriginException.class, () -> resolve(directory + "/*.tfrecord"));
    assertThrows(OriginException.class, () -> resolve(directory + "/nowhere/"));
    assertThrows(IllegalArgumentException.class, () -> resolve("s3://bucket/x.tar"));
  }

  @Test
  void bracesAsThePythonPackageReadsThem() {
    assertEquals(List.of("08", "09", "10"), BraceExpansion.expand("{08..10}"));
    assertEquals(List.of("8", "9", "10"), BraceExpansion.expand("{8..10}"));
    assertEquals(List.of("1", "4", "7"), BraceExpansion.expand("{1..9..3}"));
    assertEquals(List.of("3", "2", "1"), BraceExpansion.expand("{3..1}"));
    assertEquals(List.of("-1", "0", "1"), BraceExpansion.expand("{-1..1}"));
    assertEquals(List.of("-01", "000", "001"), BraceExpansion.expand("{-01..1}"));
    assertEquals(List.of("a", "b", "c"), BraceExpansion.expand("{a..c}"));
    assertEquals(List.of("c", "a"), BraceExpansion.expand("{c..a..2}"));
    assertEquals(List.of("ax1", "ax2", "b"), BraceExpansion.expand("{ax{1,2},b}"));
    assertEquals(List.of("a0", "a1", "b0", "b1"), BraceExpansion.expand("{a,b}{0..1}"));
    assertEquals(List.of("{a}"), BraceExpansion.expand("{a}"));
    assertEquals(List.of("{}"), BraceExpansion.expand("{}"));
    assertEquals(List.of("{a1}", "{a2}"), BraceExpansion.expand("{a{1,2}}"));
    assertEquals(List.of("a", "", "b"), BraceExpansion.expand("{a,,b}"));
    assertEquals(List.of("{a,b}"), BraceExpansion.expand("\\{a,b\\}"));
    assertThrows(IllegalArgumentException.class, () -> BraceExpansion.expand("{a,b"));
    assertThrows(IllegalArgumentException.class, () -> BraceExpansion.expand("a}"));
    assertThrows(IllegalArgumentException.class, () -> BraceExpansion.expand("{0..999999999}"));
  }
}
