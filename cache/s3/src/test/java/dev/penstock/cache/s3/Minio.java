package dev.penstock.cache.s3;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.testcontainers.DockerClientFactory;
import org.testcontainers.containers.MinIOContainer;

/** One MinIO server in a container for all tests of this Java machine, which ends with it. */
final class Minio {
  /** The last release that was published as an image. */
  private static final String IMAGE = "minio/minio:RELEASE.2025-09-07T16-13-09Z";

  private Minio() {}

  /** Why there is none; empty if there can be one. */
  static Optional<String> missing() {
    // Looked for first: asking Testcontainers where there is none fills the log with errors.
    boolean named =
        System.getenv("DOCKER_HOST") != null || Files.exists(Path.of("/var/run/docker.sock"));
    return named && DockerClientFactory.instance().isDockerAvailable()
        ? Optional.empty()
        : Optional.of("no Docker engine answers here, which MinIO runs in");
  }

  /** The server's address and identity, started by the first who asks. */
  static MinIOContainer server() {
    return Running.SERVER;
  }

  private static final class Running {
    @SuppressWarnings("resource") // Testcontainers removes it when this Java machine has ended.
    static final MinIOContainer SERVER = start();

    private static MinIOContainer start() {
      MinIOContainer server =
          new MinIOContainer(IMAGE).withUserName(TestStore.KEY).withPassword(TestStore.SECRET);
      server.start();
      return server;
    }
  }
}
