package dev.penstock.loader.cli;

import java.io.BufferedWriter;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * The list of samples in delivered order: one line each, {@code epoch step rank row key}, separated
 * by tabs; of a mixture also the name of the row's source, as a sixth. Tabs, line ends and
 * backslashes in keys are written as {@code \t}, {@code \n}, {@code \r}, {@code \\}.
 */
final class KeysFile implements AutoCloseable {
  private final Writer writer;
  private final @Nullable PrintStream out;
  private final StringBuilder line = new StringBuilder();

  private KeysFile(Writer writer, @Nullable PrintStream out) {
    this.writer = writer;
    this.out = out;
  }

  /** Opens FILE for writing, or standard output for {@code -}. */
  static KeysFile open(String file, Console console) {
    if (file.equals("-")) {
      Writer out = new OutputStreamWriter(console.out(), StandardCharsets.UTF_8);
      return new KeysFile(new BufferedWriter(out), console.out());
    }
    try {
      return new KeysFile(Files.newBufferedWriter(Path.of(file)), null);
    } catch (IOException e) {
      throw new UsageException("--keys: cannot write " + file + " (" + e + ")");
    }
  }

  /** Adds a line; {@code source} is the name of a mixture's source, or empty. */
  void add(long epoch, long step, int rank, int row, String key, String source) {
    line.setLength(0);
    line.append(epoch).append('\t').append(step).append('\t').append(rank).append('\t');
    line.append(row).append('\t');
    appendEscaped(line, key);
    if (!source.isEmpty()) {
      line.append('\t');
      appendEscaped(line, source);
    }
    line.append('\n');
    try {
      writer.append(line);
    } catch (IOException e) {
      throw new UncheckedIOException("writing the list of keys", e);
    }
  }

  /**
   * After each step: a print stream keeps to itself that nobody reads it any more, and an endless
   * run would write on.
   */
  void endStep() throws IOException {
    if (out != null) {
      writer.flush();
      if (out.checkError()) {
        throw new IOException("--keys: standard output was closed, or cannot be written");
      }
    }
  }

  /** The text as it stands in a line of columns. */
  static String escaped(String text) {
    StringBuilder line = new StringBuilder(text.length());
    appendEscaped(line, text);
    return line.toString();
  }

  private static void appendEscaped(StringBuilder line, String key) {
    for (int i = 0; i < key.length(); i++) {
      char c = key.charAt(i);
      switch (c) {
        case '\t' -> line.append("\\t");
        case '\n' -> line.append("\\n");
        case '\r' -> line.append("\\r");
        case '\\' -> line.append("\\\\");
        default -> line.append(c);
      }
    }
  }

  @Override
  public void close() throws IOException {
    if (out == null) {
      writer.close();
    } else {
      writer.flush();
    }
  }
}
