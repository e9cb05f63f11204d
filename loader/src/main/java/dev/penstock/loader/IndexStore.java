package dev.penstock.loader;

import dev.penstock.cache.ScanSource;
import dev.penstock.cache.origin.StoredObject;
import dev.penstock.formats.Codec;
import dev.penstock.formats.IndexOptions;
import dev.penstock.formats.RecordFormat;
import dev.penstock.formats.RecordKind;
import dev.penstock.formats.ShardIndex;
import dev.penstock.formats.StaleIndexException;
import dev.penstock.formats.TfRecordFormat;
import dev.penstock.formats.WebDatasetFormat;
import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where shard indexes are kept: in the configured directory, else beside each shard, else (if that
 * cannot be written) in the user's cache directory. A missing, stale or damaged index is built anew
 * from the shard. Thread-safe.
 */
final class IndexStore {
  private static final Logger LOG = LoggerFactory.getLogger(IndexStore.class);
  private static final int NAME_HASH_BYTES = 12;

  private final Engine engine;
  private final boolean rawRecords;
  private final AtomicBoolean warned = new AtomicBoolean();

  /**
   * An index and whether it had to be built.
   *
   * @param index of the shard
   * @param built whether it was not stored, or not valid
   */
  record Loaded(ShardIndex index, boolean built) {}

  IndexStore(Engine engine, boolean rawRecords) {
    this.engine = engine;
    this.rawRecords = rawRecords;
  }

  /**
   * The shard's index, read or built.
   *
   * @throws IOException if the shard cannot be read, or nothing in it is of a known format; where
   *     framing breaks further on, the index says so ({@link ShardIndex#damage})
   */
  Loaded load(StoredObject object) throws IOException {
    for (Path path : places(object)) {
      if (Files.exists(path)) {
        try {
          return new Loaded(
              ShardIndex.read(path, object.name(), object.sizeBytes(), object.version().tag()),
              false);
        } catch (StaleIndexException e) {
          LOG.info("{}: {}; building it anew", path, e.getMessage());
        } catch (IOException e) {
          LOG.warn("{}: {}; building it anew", path, e.getMessage());
        }
      }
    }
    ShardIndex index = build(object);
    store(object, index);
    return new Loaded(index, true);
  }

  /** Opens a shard for a forward pass; the caller closes it. */
  ScanSource scan(StoredObject object) throws IOException {
    return engine.cache().openForScan(object);
  }

  /** The format that an index's kind stands for. */
  RecordFormat format(ShardIndex index) {
    return formatOf(index.kind());
  }

  private static RecordFormat formatOf(RecordKind kind) {
    return switch (kind) {
      case WEBDATASET -> WebDatasetFormat.instance();
      case TFRECORD_EXAMPLE -> TfRecordFormat.example();
      case TFRECORD_RAW -> TfRecordFormat.raw();
    };
  }

  private ShardIndex build(StoredObject object) throws IOException {
    long start = System.nanoTime();
    IndexOptions options =
        rawRecords ? IndexOptions.of(TfRecordFormat.raw()) : IndexOptions.detecting();
    try (ScanSource source = scan(object)) {
      ShardIndex index = ShardIndex.scan(source, source.codec(), options.toleratingDamage());
      if (source.codec() != Codec.NONE
          && source.framesSeen().isPresent()
          && index.damage().isEmpty()) {
        index = index.withFrames(object.name(), source.framesSeen().get());
      }
      LOG.debug(
          "indexed {}: {} samples in {} ms",
          object.location(),
          index.sampleCount(),
          (System.nanoTime() - start) / 1_000_000);
      return index;
    }
  }

  private void store(StoredObject object, ShardIndex index) {
    IOException last = null;
    for (Path path : places(object)) {
      try {
        Path parent = path.getParent();
        if (parent != null && (engine.config().indexDirectory().isPresent() || isCache(path))) {
          Files.createDirectories(parent);
        }
        index.write(path, object.sizeBytes(), object.version().tag());
        return;
      } catch (ClosedByInterruptException e) {
        LOG.debug("{}: not stored, the open was interrupted", path, e);
        return;
      } catch (IOException e) {
        last = e;
      }
    }
    if (last != null && warned.compareAndSet(false, true)) {
      LOG.warn(
          "shard indexes cannot be stored ({}) and will be built again next time;"
              + " name a writable --index-dir",
          last.toString());
    }
  }

  private List<Path> places(StoredObject object) {
    String suffix = rawRecords ? ".raw" + ShardIndex.FILE_SUFFIX : ShardIndex.FILE_SUFFIX;
    List<Path> places = new ArrayList<>();
    engine
        .config()
        .indexDirectory()
        .ifPresent(directory -> places.add(directory.resolve(hashedName(object) + suffix)));
    if (places.isEmpty()) {
      if (object.location().startsWith("/")) {
        places.add(Path.of(object.location() + suffix));
      }
      places.add(cacheDirectory().resolve(hashedName(object) + suffix));
    }
    return places;
  }

  private static boolean isCache(Path path) {
    return path.startsWith(cacheDirectory());
  }

  private static Path cacheDirectory() {
    String base = System.getenv("XDG_CACHE_HOME");
    Path cache =
        base == null || base.isEmpty()
            ? Path.of(System.getProperty("user.home"), ".cache")
            : Path.of(base);
    return cache.resolve("penstock").resolve("index");
  }

  /** The shard's base name behind a hash of its location: shards of one name do not collide. */
  private static String hashedName(StoredObject object) {
    try {
      byte[] hash =
          MessageDigest.getInstance("SHA-256")
              .digest(object.location().getBytes(StandardCharsets.UTF_8));
      String name = object.name().substring(object.name().lastIndexOf('/') + 1);
      return HexFormat.of().formatHex(hash, 0, NAME_HASH_BYTES) + "-" + name;
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}
