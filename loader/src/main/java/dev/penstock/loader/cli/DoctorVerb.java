package dev.penstock.loader.cli;

import dev.penstock.bridge.NativeSupport;
import dev.penstock.cache.SsdConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** What of this machine is used, and what is missing. */
@Command(
    name = "doctor",
    abbreviateSynopsis = true,
    sortOptions = false,
    header = "Says which features of this machine are used, or why not.",
    description = {
      "For each feature that is replaced by a slower twin: the reason, and what would mend it.",
      "For each PATH: which file system or store it is on, and how it is read therefore."
    },
    footer = {
      "",
      "Examples:",
      "  penstock doctor --json",
      "  penstock doctor /mnt/data --cache-dir /nvme/cache"
    })
final class DoctorVerb extends Verb {
  @Parameters(
      paramLabel = "PATH",
      arity = "0..*",
      description = "Datasets, as other verbs take them, or directories.")
  private List<String> paths = List.of();

  @Option(
      names = "--cache-dir",
      paramLabel = "DIR",
      description = "Look at this cache directory too. May be repeated.")
  private List<Path> cacheDirectories = List.of();

  @Option(names = "--json", description = "Print the results as one JSON object.")
  private boolean json;

  @Override
  public Integer call() {
    Map<String, String> features = new LinkedHashMap<>(NativeSupport.report());
    for (Path directory : cacheDirectories) {
      features.put("cache " + directory, SsdConfig.inspect(directory));
    }
    Map<String, String> machine = machine();
    List<StoredPlace> places = paths.stream().map(StoredPlace::of).toList();
    if (json) {
      Map<String, Object> map = new LinkedHashMap<>();
      map.put("machine", machine);
      map.put("features", features);
      map.put("paths", places.stream().map(DoctorVerb::fields).toList());
      console().json(map);
    } else {
      machine.forEach((name, value) -> console().line("%-22s %s", name, value));
      features.forEach((name, value) -> console().line("%-22s %s", name, value));
      places.forEach(place -> console().line("%-22s %s", place.location(), place.line()));
    }
    return ExitCode.DONE;
  }

  private static Map<String, String> fields(StoredPlace place) {
    Map<String, String> fields = new LinkedHashMap<>();
    fields.put("path", place.location());
    fields.put("file_system", place.fileSystem());
    fields.put("reach", place.reach());
    fields.put("found_by", place.foundBy());
    fields.put("effect", place.effect());
    return fields;
  }

  private static Map<String, String> machine() {
    Map<String, String> machine = new LinkedHashMap<>();
    machine.put("kernel", System.getProperty("os.name") + " " + System.getProperty("os.version"));
    machine.put("architecture", System.getProperty("os.arch"));
    machine.put(
        "java", System.getProperty("java.vm.vendor") + " " + System.getProperty("java.version"));
    machine.put("memory", memory());
    return machine;
  }

  private static String memory() {
    try {
      for (String line : Files.readAllLines(Path.of("/proc/meminfo"))) {
        if (line.startsWith("MemTotal:")) {
          long kibibytes = Long.parseLong(line.replaceAll("\\D", ""));
          return new ByteSize(kibibytes * 1024).toString();
        }
      }
    } catch (IOException e) {
      return "not known (" + e + ")";
    }
    return "not known";
  }
}
