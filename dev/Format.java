import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Formats every tracked or new Java file with google-java-format, or checks them with {@code
 * --check}. The formatter's jar is put in target/tools by Maven's validate phase.
 */
final class Format {
  public static void main(String[] args) throws IOException, InterruptedException {
    boolean check = List.of(args).contains("--check");
    Path jar = Path.of("target", "tools", "google-java-format.jar");
    if (!Files.exists(jar)) {
      System.err.println("format: " + jar + " is missing; run `mvn -N validate` once");
      System.exit(2);
    }
    List<String> files = javaFiles();
    if (files.isEmpty()) {
      return;
    }
    Path list = Files.createTempFile("penstock-format", ".txt");
    Files.write(list, files);
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    for (String part : List.of("api", "code", "file", "parser", "tree", "util")) {
      command.add("--add-exports=jdk.compiler/com.sun.tools.javac." + part + "=ALL-UNNAMED");
    }
    command.addAll(List.of("-XX:+UseSerialGC", "-jar", jar.toString()));
    command.addAll(check ? List.of("--dry-run", "--set-exit-if-changed") : List.of("--replace"));
    command.add("@" + list);
    int status = new ProcessBuilder(command).inheritIO().start().waitFor();
    Files.delete(list);
    if (check && status != 0) {
      System.err.println("format: the files above differ; run `java dev/Format.java`");
    }
    System.exit(status);
  }

  private static List<String> javaFiles() throws IOException, InterruptedException {
    Process git =
        new ProcessBuilder("git", "ls-files", "-co", "--exclude-standard", "--", "*.java")
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    List<String> listed = new String(git.getInputStream().readAllBytes()).lines().toList();
    if (git.waitFor() == 0) {
      return listed.stream().filter(name -> Files.exists(Path.of(name))).toList();
    }
    try (var walk = Files.walk(Path.of(""))) { // an exported source tree has no git
      return walk.map(Path::toString)
          .filter(name -> name.endsWith(".java") && !name.contains("target/"))
          .toList();
    }
  }
}
