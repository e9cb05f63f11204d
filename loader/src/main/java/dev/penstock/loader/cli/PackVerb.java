package dev.penstock.loader.cli;

import dev.penstock.formats.Codec;
import dev.penstock.formats.SampleField;
import dev.penstock.formats.ShardWriter;
import dev.penstock.formats.TfRecordFormat;
import dev.penstock.formats.WriterOptions;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Files into shards. */
@Command(
    name = "pack",
    abbreviateSynopsis = true,
    sortOptions = false,
    header = "Packs files into shards.",
    description = {
      "Files whose paths agree up to the first dot of their name make one sample: that part is its",
      "key, the rest names the field. Samples are written in order of key."
    },
    footer = {
      "",
      "Examples:",
      "  penstock pack pictures --out shards",
      "  penstock pack @files.txt --out shards --prefix val --shard-size 256MiB --codec zstd"
    })
final class PackVerb extends Verb {
  private enum Format {
    TAR,
    TFRECORD
  }

  @Parameters(
      paramLabel = "INPUT",
      arity = "1..*",
      description = "A directory (all visible files below it), a file, or @list.txt of files.")
  private List<String> inputs = List.of();

  @Option(
      names = "--out",
      paramLabel = "DIR",
      required = true,
      description = "Where the shards go; made if it is not there. Nothing is replaced.")
  private Path out = Path.of("");

  @Option(
      names = "--prefix",
      paramLabel = "NAME",
      description = "Shards are NAME-000000.tar and so on (default train).")
  private String prefix = "train";

  @Option(
      names = "--shard-size",
      paramLabel = "SIZE",
      description = "Begin another shard after so many decoded bytes (default 1GiB).")
  private ByteSize shardSize = new ByteSize(1L << 30);

  @Option(
      names = "--shard-samples",
      paramLabel = "N",
      description = "Begin another shard after N samples (default: by size alone).")
  private Optional<Long> shardSamples = Optional.empty();

  @Option(names = "--format", paramLabel = "NAME", description = "tar or tfrecord (default tar).")
  private Format format = Format.TAR;

  @Option(
      names = "--codec",
      paramLabel = "NAME",
      description = "none, gzip, zstd or lz4, over whole shards (default none).")
  private Codec codec = Codec.NONE;

  @Option(
      names = "--frame-bytes",
      paramLabel = "SIZE",
      description =
          "Decoded bytes of a compressed frame, so that readers can enter (default 4MiB).")
  private ByteSize frameBytes = new ByteSize(4L << 20);

  private int shards;
  private long samples;
  private long bytes;
  private @Nullable ShardWriter writer;

  @Override
  public Integer call() throws IOException {
    if (shardSize.bytes() < 1 || shardSamples.orElse(1L) < 1) {
      throw new UsageException("--shard-size and --shard-samples: at least 1 is required");
    }
    Map<String, List<PackInput.Member>> found = PackInput.samples(inputs);
    Files.createDirectories(out);
    requireNoShards();
    try {
      for (Map.Entry<String, List<PackInput.Member>> sample : found.entrySet()) {
        write(sample.getKey(), sample.getValue());
      }
    } finally {
      closeWriter();
    }
    console()
        .line(
            "packed    %,d samples into %,d shards, %s decoded, in %s",
            samples, shards, new ByteSize(bytes), out);
    return ExitCode.DONE;
  }

  /** Shards of another format, codec or number of that name would be read with those made now. */
  private void requireNoShards() throws IOException {
    Pattern shard =
        Pattern.compile(Pattern.quote(prefix) + "-\\d{6,}\\.(tar|tfrecord)(\\.(gz|zst|lz4))?");
    try (Stream<Path> files = Files.list(out)) {
      Optional<Path> earlier =
          files.filter(file -> shard.matcher(file.getFileName().toString()).matches()).findFirst();
      if (earlier.isPresent()) {
        throw new UsageException(
            "--out: " + earlier.get() + " exists; name another directory or --prefix");
      }
    }
  }

  private void write(String key, List<PackInput.Member> members) throws IOException {
    ShardWriter current = writer == null ? nextWriter() : writer;
    try (Arena arena = Arena.ofConfined()) {
      List<SampleField> fields = new ArrayList<>();
      for (PackInput.Member member : members) {
        fields.add(new SampleField.Bytes(member.field(), map(member.file(), arena)));
      }
      current.write(key, fields);
    }
    samples++;
    if (current.decodedBytes() >= shardSize.bytes()
        || current.sampleCount() >= shardSamples.orElse(Long.MAX_VALUE)) {
      closeWriter();
    }
  }

  private static MemorySegment map(Path file, Arena arena) throws IOException {
    try (FileChannel channel = FileChannel.open(file)) {
      return channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
    }
  }

  private ShardWriter nextWriter() throws IOException {
    Path file = out.resolve(name(shards++));
    WriterOptions options =
        new WriterOptions(codec, 0, codec == Codec.NONE ? 0 : frameBytes.bytes());
    ShardWriter next =
        switch (format) {
          case TAR -> ShardWriter.webDataset(file, options);
          case TFRECORD -> ShardWriter.tfRecord(file, TfRecordFormat.example(), options);
        };
    writer = next;
    return next;
  }

  private void closeWriter() throws IOException {
    ShardWriter current = writer;
    if (current != null) {
      writer = null;
      bytes += current.decodedBytes();
      current.close();
    }
  }

  private String name(int shard) {
    String suffix =
        switch (codec) {
          case NONE -> "";
          case GZIP -> ".gz";
          case ZSTD -> ".zst";
          case LZ4 -> ".lz4";
        };
    return String.format(
        Locale.ROOT,
        "%s-%06d.%s%s",
        prefix,
        shard,
        format == Format.TAR ? "tar" : "tfrecord",
        suffix);
  }
}
