package dev.penstock.loader.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.MalformedInputException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Bans what is easily left behind in a source tree, and says what to do instead. */
class TidyTest {
  private static final Path ROOT = Path.of("..");
  private static final int LINES_MAX = 500;
  private static final List<String> TEXT =
      List.of("java", "py", "sh", "c", "md", "xml", "toml", "txt", "properties", "yml", "run");

  /** Written in two pieces, so that this file does not ban itself. */
  private record Ban(String name, Pattern pattern, String instead) {
    static Ban of(String first, String second, String instead) {
      return new Ban(first + second, Pattern.compile("\\b" + first + second + "\\b"), instead);
    }
  }

  private static final List<Ban> BANS =
      List.of(
          Ban.of("TO", "DO", "do it now, or file an issue"),
          Ban.of("FIX", "ME", "fix it now, or file an issue"),
          Ban.of("XX", "X", "say in words what is meant"),
          Ban.of("HA", "CK", "say why the code is as it is"),
          Ban.of("repo1?\\.maven", "", "name packages, never a registry's host"),
          Ban.of("(pypi\\.org|python", "hosted|npmjs\\.|crates\\.io)", "the same"),
          Ban.of("(deb\\.deb", "ian|proxy\\.golang)", "the same"),
          new Ban(
              "a path of one machine",
              Pattern.compile("(?<![\\w.])/(work|root|home/\\w+)/\\w"),
              "a relative path, or one from the environment"),
          Ban.of("@Dis", "abled", "a disabled test proves nothing: mend it or remove it"),
          new Ban("a tab in Java or Python", Pattern.compile("^\\s*\t"), "spaces"));

  @Test
  void nothingIsLeftBehind() throws IOException, InterruptedException {
    List<String> found = new ArrayList<>();
    List<Path> files = files();
    assertTrue(files.size() > 100, "found only " + files.size() + " files");
    for (Path file : files) {
      check(file, found);
    }
    assertEquals(List.of(), found);
  }

  private static void check(Path file, List<String> found) throws IOException {
    List<String> lines;
    try {
      lines = Files.readAllLines(file);
    } catch (MalformedInputException e) {
      return; // not text
    }
    String name = ROOT.relativize(file).toString();
    boolean code = name.endsWith(".java") || name.endsWith(".py");
    if (code && lines.size() > LINES_MAX) {
      found.add(
          "%s: %d lines; a second responsibility hides in it, move that out"
              .formatted(name, lines.size()));
    }
    for (int i = 0; i < lines.size(); i++) {
      if (name.contains("src/test/") && lines.get(i).contains("Thread.sl" + "eep(")) {
        found.add("%s:%d: a test sleeps; await a condition instead".formatted(name, i + 1));
      }
      for (Ban ban : BANS) {
        Matcher match = ban.pattern().matcher(lines.get(i));
        if (match.find() && !(ban.name().startsWith("a tab") && !code)) {
          found.add("%s:%d: %s; %s".formatted(name, i + 1, ban.name(), ban.instead()));
        }
      }
    }
  }

  /** What git knows or would add; in an exported tree without git, all but what builds make. */
  private static List<Path> files() throws IOException, InterruptedException {
    Process git =
        new ProcessBuilder("git", "-C", ROOT.toString(), "ls-files", "-co", "--exclude-standard")
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    List<String> listed =
        new String(git.getInputStream().readAllBytes(), StandardCharsets.UTF_8).lines().toList();
    if (git.waitFor() == 0 && !listed.isEmpty()) {
      return listed.stream().map(ROOT::resolve).filter(TidyTest::isText).toList();
    }
    try (Stream<Path> walk = Files.walk(ROOT)) {
      return walk.filter(TidyTest::isText).filter(f -> !f.toString().contains("/target/")).toList();
    }
  }

  private static boolean isText(Path file) {
    String name = file.getFileName().toString();
    String extension = name.substring(name.lastIndexOf('.') + 1);
    return Files.isRegularFile(file) && (TEXT.contains(extension) || name.equals("penstock"));
  }
}
