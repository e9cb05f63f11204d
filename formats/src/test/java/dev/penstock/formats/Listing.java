package dev.penstock.formats;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;

/** Lists a shard's fields in the form of the golden listing. */
final class Listing {
  private Listing() {}

  static List<String> of(String file, byte[] stored, int pieceBytes) throws IOException {
    Codec codec = Decoding.codecOf(stored);
    MemorySource source =
        new MemorySource(file, Decoding.decode(stored, codec), pieceBytes, codec == Codec.NONE);
    ShardIndex index = ShardIndex.scan(source, codec, IndexOptions.detecting());
    SampleParser parser = index.kind().format().parser();
    SampleView view = new SampleView();
    List<String> lines = new ArrayList<>();
    for (int sample = 0; sample < index.sampleCount(); sample++) {
      ByteRun run = new ByteRun();
      try (ByteSource.ByteLease lease =
          source.request(index.sampleOffset(sample), index.sampleBytes(sample))) {
        lease.await(run);
        parser.parse(file, index.sampleOffset(sample), run, view);
        checkPlaces(index, sample, parser, view);
        addLines(file, index, sample, parser, view, run, lines);
      } catch (InterruptedException impossible) {
        throw new IOException(impossible);
      }
    }
    if (source.openLeases.get() != 0) {
      throw new IllegalStateException(source.openLeases + " leases left");
    }
    return lines;
  }

  private static void checkPlaces(
      ShardIndex index, int sample, SampleParser parser, SampleView view) {
    if (index.kind() == RecordKind.WEBDATASET && !view.key().equals(index.key(sample))) {
      throw new IllegalStateException("key " + view.key() + ", index " + index.key(sample));
    }
    for (int field = 0; field < index.fieldCount(sample); field++) {
      boolean same =
          index.fieldOffset(sample, field) == index.sampleOffset(sample) + view.position(field)
              && index.fieldBytes(sample, field) == view.length(field)
              && index
                  .names()
                  .name(index.fieldNameId(sample, field))
                  .equals(parser.names().name(view.fieldNameId(field)));
      if (!same) {
        throw new IllegalStateException("index and parser differ at sample " + sample);
      }
    }
  }

  private static void addLines(
      String file,
      ShardIndex index,
      int sample,
      SampleParser parser,
      SampleView view,
      ByteRun run,
      List<String> lines) {
    List<String> own = new ArrayList<>();
    for (int field = 0; field < view.fieldCount(); field++) {
      byte[] value = value(view, field, run);
      own.add(
          String.join(
              "\t",
              file,
              Integer.toString(sample),
              json(index.key(sample)),
              json(parser.names().name(view.fieldNameId(field))),
              view.kind(field).name(),
              Integer.toString(view.valueCount(field)),
              Integer.toString(value.length),
              sha256(value)));
    }
    if (index.kind() != RecordKind.WEBDATASET) {
      own.sort(Comparator.comparing(line -> unescaped(line.split("\t", -1)[3])));
    }
    lines.addAll(own);
  }

  private static String unescaped(String json) {
    StringBuilder text = new StringBuilder();
    int at = 0;
    while (at < json.length()) {
      if (json.startsWith("\\u", at)) {
        text.append((char) Integer.parseInt(json.substring(at + 2, at + 6), 16));
        at += 6;
      } else {
        text.append(json.charAt(at++));
      }
    }
    return text.toString();
  }

  /** A field's bytes: values of a list of bytes joined, numbers little-endian. */
  static byte[] value(SampleView view, int field, ByteRun run) {
    try (Arena arena = Arena.ofConfined()) {
      int count = view.valueCount(field);
      return switch (view.kind(field)) {
        case BYTES -> joined(view, field, run, arena);
        case INT64_LIST -> {
          MemorySegment target = arena.allocate(count * 8L + 1);
          view.copyInt64(field, run, target, 1);
          yield target.asSlice(1).toArray(ValueLayout.JAVA_BYTE);
        }
        case FLOAT_LIST -> {
          MemorySegment target = arena.allocate(count * 4L + 1);
          view.copyFloat(field, run, target, 1);
          yield target.asSlice(1).toArray(ValueLayout.JAVA_BYTE);
        }
      };
    }
  }

  private static byte[] joined(SampleView view, int field, ByteRun run, Arena arena) {
    BytesListCursor cursor = new BytesListCursor();
    cursor.open(view, field, run);
    MemorySegment target = arena.allocate(run.length() + 1);
    long made = 0;
    while (cursor.next()) {
      run.copyTo(cursor.position(), target, made, cursor.length());
      made += cursor.length();
    }
    return target.asSlice(0, made).toArray(ValueLayout.JAVA_BYTE);
  }

  static String sha256(byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  /** As Python's json.dumps writes it. */
  static String json(String text) {
    StringBuilder out = new StringBuilder("\"");
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      switch (c) {
        case '"' -> out.append("\\\"");
        case '\\' -> out.append("\\\\");
        case '\n' -> out.append("\\n");
        default -> {
          if (c < 32 || c > 126) {
            out.append("\\u%04x".formatted((int) c));
          } else {
            out.append(c);
          }
        }
      }
    }
    return out.append('"').toString();
  }
}
