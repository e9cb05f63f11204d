package dev.penstock.benchmarks.verbs;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.TimeUnit;

/**
 * Processes that must end and a directory that must go when a verb ends, in whatever way: also when
 * a person stops it. Closing twice does nothing more.
 */
final class Children implements AutoCloseable {
  private static final int GRACE_SECONDS = 10;

  private final Deque<Process> processes = new ArrayDeque<>();
  private final Path directory;
  private final Thread hook = new Thread(this::clear, "penstock-clear");
  private boolean cleared;

  private Children(Path directory) {
    this.directory = directory;
  }

  /** Over a new directory in the one for temporary files. */
  static Children inTemporaryDirectory(String prefix) throws IOException {
    return inTemporaryDirectory(Path.of(System.getProperty("java.io.tmpdir")), prefix);
  }

  /** Over a new directory in another one. */
  static Children inTemporaryDirectory(Path parent, String prefix) throws IOException {
    Children children = new Children(Files.createTempDirectory(parent, prefix));
    Runtime.getRuntime().addShutdownHook(children.hook);
    return children;
  }

  Path directory() {
    return directory;
  }

  synchronized Process start(ProcessBuilder builder) throws IOException {
    if (cleared) {
      throw new IllegalStateException("already closed");
    }
    Process process = builder.start();
    processes.push(process);
    return process;
  }

  @Override
  public void close() {
    clear();
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      // The Java machine is stopping: the hook runs anyway and finds nothing to do.
      return;
    }
  }

  private synchronized void clear() {
    if (cleared) {
      return;
    }
    cleared = true;
    boolean interrupted = false;
    while (!processes.isEmpty()) {
      Process process = processes.pop();
      process.destroy();
      try {
        if (!process.waitFor(GRACE_SECONDS, TimeUnit.SECONDS)) {
          process.destroyForcibly();
        }
      } catch (InterruptedException e) {
        process.destroyForcibly();
        interrupted = true;
      }
    }
    delete();
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private void delete() {
    try {
      Files.walkFileTree(
          directory,
          new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
                throws IOException {
              Files.deleteIfExists(file);
              return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(
                Path visited, @org.jspecify.annotations.Nullable IOException failure)
                throws IOException {
              Files.deleteIfExists(visited);
              return FileVisitResult.CONTINUE;
            }
          });
    } catch (NoSuchFileException e) {
      return; // a sidecar that ended removes its own files meanwhile
    } catch (IOException e) {
      System.err.println("penstock: could not remove " + directory + ": " + e);
    }
  }
}
