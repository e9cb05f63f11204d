package dev.penstock.loader.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/** Files on their way into shards, grouped into samples as readers of WebDatasets group members. */
final class PackInput {
  private PackInput() {}

  /**
   * One field of a sample.
   *
   * @param field its name
   * @param file that holds its bytes
   */
  record Member(String field, Path file) {}

  /**
   * The samples by key, each with its fields in order of file name.
   *
   * @throws UsageException if an input is missing, a name has no dot, or nothing is found
   */
  static Map<String, List<Member>> samples(List<String> inputs) throws IOException {
    Map<String, List<Member>> samples = new TreeMap<>();
    for (String input : inputs) {
      if (input.startsWith("@")) {
        for (String line : lines(Path.of(input.substring(1)))) {
          addFile(Path.of(line), samples);
        }
      } else if (Files.isDirectory(Path.of(input))) {
        addTree(Path.of(input), samples);
      } else {
        addFile(Path.of(input), samples);
      }
    }
    if (samples.isEmpty()) {
      throw new UsageException("no file was found in " + String.join(" ", inputs));
    }
    return samples;
  }

  private static List<String> lines(Path list) throws IOException {
    if (!Files.isReadable(list)) {
      throw new UsageException("the list " + list + " cannot be read");
    }
    return Files.readAllLines(list).stream()
        .map(String::strip)
        .filter(line -> !line.isEmpty() && !line.startsWith("#"))
        .toList();
  }

  private static void addTree(Path directory, Map<String, List<Member>> samples)
      throws IOException {
    List<Path> files;
    try (Stream<Path> walk = Files.walk(directory)) {
      files = walk.filter(Files::isRegularFile).sorted().toList();
    }
    for (Path file : files) {
      Path relative = directory.relativize(file);
      if (!isHidden(relative)) {
        add(relative.toString(), file, samples);
      }
    }
  }

  private static boolean isHidden(Path relative) {
    for (Path part : relative) {
      if (part.toString().startsWith(".")) {
        return true;
      }
    }
    return false;
  }

  private static void addFile(Path file, Map<String, List<Member>> samples) {
    if (!Files.isRegularFile(file) || !Files.isReadable(file)) {
      throw new UsageException("there is no file or directory " + file + " to pack");
    }
    add(String.valueOf(file.getFileName()), file, samples);
  }

  private static void add(String name, Path file, Map<String, List<Member>> samples) {
    int dot = name.indexOf('.', name.lastIndexOf('/') + 1);
    if (dot < 0) {
      throw new UsageException(
          "%s has no dot in its name: what follows the dot names the field".formatted(file));
    }
    List<Member> fields = samples.computeIfAbsent(name.substring(0, dot), key -> new ArrayList<>());
    String field = name.substring(dot + 1);
    for (Member member : fields) {
      if (member.field().equals(field)) {
        throw new UsageException(
            "%s and %s would both be field %s of sample %s"
                .formatted(member.file(), file, field, name.substring(0, dot)));
      }
    }
    fields.add(new Member(field, file));
  }
}
