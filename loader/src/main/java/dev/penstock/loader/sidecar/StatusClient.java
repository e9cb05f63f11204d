package dev.penstock.loader.sidecar;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.penstock.bridge.ControlSocket;
import dev.penstock.bridge.Poller;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/** Asks a running sidecar for its state, as {@code penstock status} does. */
public final class StatusClient {
  private static final long TIMEOUT_MILLIS = 10_000;

  private StatusClient() {}

  /**
   * The state of the sidecar in a run directory, as one JSON object.
   *
   * @throws IOException if none answers there; says what to try
   */
  public static String status(Path runDirectory) throws IOException {
    Path socket = runDirectory.resolve(RunDirectory.SOCKET_NAME);
    try (Wire wire = new Wire(ControlSocket.connect(socket))) {
      ObjectNode hello = Messages.message("HELLO").put("client", "penstock status");
      hello.put("pid", ProcessHandle.current().pid()).putArray("protocols").add(Messages.PROTOCOL);
      wire.send(hello);
      await(wire, "WELCOME");
      wire.send(Messages.message("STATUS"));
      return await(wire, "STATUS").path("status").toPrettyString();
    } catch (RefusedException e) {
      throw new IOException("status of the sidecar in " + runDirectory + ": " + e.text(), e);
    } catch (IOException e) {
      throw new IOException(
          "no sidecar answers in %s: %s; start one with: penstock serve --run-dir %s"
              .formatted(runDirectory, e.getMessage(), runDirectory),
          e);
    }
  }

  private static JsonNode await(Wire wire, String wanted) throws IOException, RefusedException {
    try (Poller poller = Poller.of(wire.descriptor())) {
      while (true) {
        Optional<JsonNode> message = wire.next();
        if (message.isPresent() && message.get().path("type").asText().equals(wanted)) {
          return message.get();
        }
        if (message.isPresent()) {
          throw new IOException("it said " + message.get());
        }
        if (poller.await(TIMEOUT_MILLIS) == 0 || !wire.fill()) {
          throw new IOException("it did not say " + wanted);
        }
      }
    }
  }
}
