package dev.penstock.loader.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * The help of every verb as golden text. To accept a change, run this test with {@code
 * PENSTOCK_GOLDEN=write} in the environment and read the difference.
 */
class HelpTest {
  private static final Path GOLDEN = Path.of("src", "test", "resources", "help");
  private static final int LINES_MAX = 50;

  @TestFactory
  Stream<DynamicTest> everyVerbExplainsItself() {
    Console console = new Console(System.out, System.err);
    List<String> names = new ArrayList<>(Main.commandLine(console).getSubcommands().keySet());
    return Stream.concat(Stream.of(""), names.stream())
        .map(verb -> DynamicTest.dynamicTest("help " + verb, () -> check(verb)));
  }

  private static void check(String verb) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    Console console = new Console(new PrintStream(out, true, StandardCharsets.UTF_8), System.err);
    int status = verb.isEmpty() ? Main.run(console, "--help") : Main.run(console, verb, "--help");
    assertEquals(ExitCode.DONE, status);
    String help = out.toString(StandardCharsets.UTF_8);
    assertTrue(help.lines().count() <= LINES_MAX, "help does not fit a screen:\n" + help);
    assertTrue(help.lines().allMatch(line -> line.length() <= 100), "help is too wide:\n" + help);
    Path golden = GOLDEN.resolve((verb.isEmpty() ? "penstock" : verb) + ".txt");
    if ("write".equals(System.getenv("PENSTOCK_GOLDEN"))) {
      Files.createDirectories(GOLDEN);
      Files.writeString(golden, help);
    }
    assertEquals(Files.readString(golden), help);
  }
}
