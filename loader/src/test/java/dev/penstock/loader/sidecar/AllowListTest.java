package dev.penstock.loader.sidecar;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class AllowListTest {
  @TempDir Path root;
  private Path data = Path.of("");
  private Path other = Path.of("");

  @BeforeEach
  void directories() throws IOException {
    data = Files.createDirectory(root.resolve("data"));
    other = Files.createDirectory(root.resolve("other"));
    Files.createFile(other.resolve("secret.tar"));
    Files.createSymbolicLink(data.resolve("link"), other);
  }

  private AllowList list() {
    return new AllowList(List.of(data.toString(), "s3://bucket/train"));
  }

  private void allowed(String... dataset) throws RefusedException {
    list().checkRequest(List.of(dataset));
  }

  private void refused(String... dataset) {
    RefusedException refused =
        assertThrows(RefusedException.class, () -> list().checkRequest(List.of(dataset)));
    assertTrue(refused.text().contains("--allow"), refused.text());
  }

  @Test
  void anEmptyListAllowsEverything() throws RefusedException {
    new AllowList(List.of()).checkRequest(List.of("/anywhere/at/all.tar", "s3://x/y"));
  }

  @Test
  void whatLiesBelowIsAllowed() throws RefusedException {
    allowed(data + "/a.tar");
    allowed(data + "/{000..010}.tar", data + "/sub/*.tar", "@" + data + "/list.txt");
    allowed(data.toString());
    allowed("s3://bucket/train/x-{0..9}.tar");
  }

  @Test
  void whatLiesElsewhereIsNot() {
    refused(other + "/secret.tar");
    refused(data + "/a.tar", other + "/secret.tar");
    refused(data + "/a.tar::" + other + "/secret.tar");
    refused("@" + other + "/list.txt");
    refused("s3://bucket/other/x.tar");
    refused("s3://bucket/train/../other/x.tar");
    refused("s3://bucket/train/%2E%2e/other/x.tar");
    refused("s3://bucket/train/x/..");
    refused(data + "x/a.tar");
    refused(root + "/{data,other}/*.tar");
    refused("s3://bucket/trainer/x.tar");
    refused("s3://other/train/x.tar");
  }

  @Test
  void neitherDotsNorLinksLeadOut() {
    refused(data + "/../other/secret.tar");
    refused(data + "/link/secret.tar");
    refused(data + "/link/*.tar");
  }

  @Test
  void shardsAreCheckedOnceTheyAreKnown() throws RefusedException {
    list().checkLocation(data.resolve("a.tar").toString());
    assertThrows(
        RefusedException.class,
        () -> list().checkLocation(data.resolve("x/../../other/secret.tar").toString()));
  }
}
