package dev.penstock.cache.hdfs;

import dev.penstock.cache.origin.OpenObject;
import dev.penstock.cache.origin.Origin;
import dev.penstock.cache.origin.OriginException;
import dev.penstock.cache.origin.OriginStats;
import dev.penstock.cache.origin.StoredObject;
import dev.penstock.cache.remote.RangeAnswer;
import dev.penstock.cache.remote.RemoteConfig;
import dev.penstock.cache.remote.RemoteObject;
import dev.penstock.cache.remote.RemoteReads;
import dev.penstock.cache.remote.RemoteRetries;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RemoteIterator;

/**
 * Files of HDFS, by {@code hdfs://} locations. A file's version is its number, its modification
 * time in milliseconds and its length: a file of HDFS is written once, so whoever replaces it makes
 * another one, and appending changes the length.
 */
final class HdfsOrigin implements Origin {
  private final HdfsFiles files;
  private final HdfsTransport transport;
  private final RemoteReads reads;
  private final RemoteRetries metadata;
  private final AtomicBoolean closed = new AtomicBoolean();

  private HdfsOrigin(HdfsOptions options, RemoteConfig config) {
    this.files = new HdfsFiles(options);
    this.transport = new HdfsTransport(files);
    this.reads = new RemoteReads("hdfs", config, transport);
    this.metadata = new RemoteRetries(config);
  }

  static HdfsOrigin open(HdfsOptions options, RemoteConfig config) {
    return new HdfsOrigin(options, config);
  }

  @Override
  public boolean handles(String location) {
    return location.startsWith("hdfs://");
  }

  @Override
  public Optional<StoredObject> find(String location) throws OriginException {
    return metadata.call(location, () -> ask(location));
  }

  private Optional<StoredObject> ask(String location) throws IOException {
    Optional<FileStatus> status = files.status(location);
    return status
        .filter(FileStatus::isFile)
        .map(found -> object(location, found.getPath().getName(), found));
  }

  private static StoredObject object(String location, String name, FileStatus status) {
    return new StoredObject(location, name, status.getLen(), HdfsFiles.version(status));
  }

  @Override
  public List<StoredObject> list(String directory, int depth) throws OriginException {
    List<StoredObject> objects = new ArrayList<>();
    Optional<FileStatus> base = metadata.call(directory, () -> files.status(directory));
    if (base.isPresent() && base.get().isDirectory()) {
      collect(base.get().getPath(), "", depth, objects);
      objects.sort(Comparator.comparing(StoredObject::name));
    }
    return objects;
  }

  private void collect(Path directory, String prefix, int depth, List<StoredObject> objects)
      throws OriginException {
    String location = directory.toString();
    for (FileStatus found : metadata.call(location, () -> children(directory))) {
      String name = prefix + found.getPath().getName();
      if (found.isFile()) {
        objects.add(object(found.getPath().toString(), name, found));
      } else if (found.isDirectory() && depth > 1) {
        collect(found.getPath(), name + "/", depth - 1, objects);
      }
    }
  }

  private List<FileStatus> children(Path directory) throws IOException {
    List<FileStatus> children = new ArrayList<>();
    try {
      RemoteIterator<FileStatus> found = files.at(directory).listStatusIterator(directory);
      while (found.hasNext()) {
        children.add(found.next());
      }
      return children;
    } catch (IOException failure) {
      throw files.typed(directory.toString(), 0, -1, failure);
    }
  }

  @Override
  public OpenObject open(StoredObject object) throws OriginException {
    RangeAnswer.requireSame(object, find(object.location()));
    transport.opened(object);
    return new RemoteObject(object, reads, () -> transport.closed(object));
  }

  @Override
  public OriginStats stats() {
    return reads.stats(transport.openStreams());
  }

  @Override
  public boolean isRemote(String location) {
    return true;
  }

  @Override
  public String description() {
    return "hdfs, " + files.description();
  }

  @Override
  public void close() {
    if (!closed.compareAndSet(false, true)) {
      throw new IllegalStateException("this HDFS origin was closed already");
    }
    reads.close();
    transport.close();
    files.close();
  }
}
