package dev.penstock.loader.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.penstock.loader.sidecar.StatusClient;
import java.io.IOException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** A running sidecar's state. */
@Command(
    name = "status",
    abbreviateSynopsis = true,
    sortOptions = false,
    header = "Shows the state of a running sidecar: memory, trainers, stages.",
    footer = {"", "Example:", "  penstock status --run-dir run --json"})
final class StatusVerb extends Verb {
  @Mixin private RunDirectoryOption runDirectory = new RunDirectoryOption();

  @Option(names = "--json", order = 2, description = "Print the state as one JSON object.")
  private boolean json;

  @Override
  public Integer call() throws IOException {
    String status = StatusClient.status(runDirectory.path());
    if (json) {
      console().out().println(status);
    } else {
      show(new ObjectMapper().readTree(status), "");
    }
    return ExitCode.DONE;
  }

  /** One line for each value; what belongs together is indented under its name. */
  private void show(JsonNode object, String indent) {
    object
        .properties()
        .forEach(
            entry -> {
              JsonNode value = entry.getValue();
              String name = entry.getKey().replace('_', ' ');
              if (value.isObject()) {
                console().line("%s%s", indent, name);
                show(value, indent + "  ");
              } else if (value.isArray()) {
                console().line("%s%s: %d", indent, name, value.size());
                value.forEach(element -> showElement(element, indent + "  "));
              } else {
                console().line("%s%-18s %s", indent, name, text(entry.getKey(), value));
              }
            });
  }

  private void showElement(JsonNode element, String indent) {
    if (element.isObject()) {
      show(element, indent);
    } else {
      console().line("%s%s", indent, element.asText());
    }
  }

  private static String text(String name, JsonNode value) {
    return name.endsWith("bytes") && value.isIntegralNumber() && value.asLong() >= 0
        ? new ByteSize(value.asLong()).toString()
        : value.asText();
  }
}
