package dev.penstock.cache.hdfs;

import dev.penstock.cache.origin.ObjectVersion;
import dev.penstock.cache.origin.OriginException;
import dev.penstock.cache.origin.OriginException.Kind;
import dev.penstock.cache.origin.OriginException.Retry;
import dev.penstock.cache.remote.RetryLaterException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.ChecksumException;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.hdfs.protocol.HdfsFileStatus;
import org.apache.hadoop.ipc.RemoteException;
import org.apache.hadoop.ipc.RetriableException;
import org.apache.hadoop.ipc.StandbyException;
import org.apache.hadoop.security.AccessControlException;
import org.apache.hadoop.security.UserGroupInformation;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Hadoop's client: one file system for each cluster named in a location. Thread-safe. */
final class HdfsFiles implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(HdfsFiles.class);

  private final HdfsOptions options;

  // Guarded by this.
  private final Map<String, FileSystem> systems = new HashMap<>();
  private @Nullable Configuration configuration;
  private @Nullable UserGroupInformation user;
  private boolean closed;

  HdfsFiles(HdfsOptions options) {
    this.options = options;
  }

  /** The file system of a location's cluster; asked for the first time it is connected to. */
  synchronized FileSystem at(Path path) throws IOException {
    if (closed) {
      throw new IOException("this HDFS origin is closed");
    }
    renew();
    URI uri = path.toUri();
    String cluster = String.valueOf(uri.getAuthority());
    FileSystem known = systems.get(cluster);
    if (known == null) {
      known = connect(uri);
      systems.put(cluster, known);
    }
    return known;
  }

  /**
   * Hadoop's client renews by itself only the one identity of the whole process. A ticket from a
   * keytab is had anew when four fifths of its life are over; before that this costs nothing.
   */
  private void renew() throws IOException {
    UserGroupInformation known = user;
    if (known != null && options.keytab().isPresent()) {
      known.checkTGTAndReloginFromKeytab();
    }
  }

  private FileSystem connect(URI uri) throws IOException {
    Configuration with = configuration;
    if (with == null) {
      with = options.configuration();
      configuration = with;
    }
    try {
      // Not from Hadoop's cache, which others in this process may close.
      return identity(with)
          .doAs(
              (java.security.PrivilegedExceptionAction<FileSystem>)
                  () -> FileSystem.newInstance(uri, configuration));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while connecting to " + uri.getAuthority(), e);
    }
  }

  private UserGroupInformation identity(Configuration with) throws IOException {
    UserGroupInformation known = user;
    if (known == null) {
      UserGroupInformation.setConfiguration(with);
      known =
          options.keytab().isPresent()
              ? UserGroupInformation.loginUserFromKeytabAndReturnUGI(
                  options.principal().orElseThrow(), options.keytab().get())
              : UserGroupInformation.getCurrentUser();
      user = known;
    }
    return known;
  }

  /** What is at a location now; empty if nothing is. */
  Optional<FileStatus> status(String location) throws IOException {
    try {
      Path path = new Path(location);
      return Optional.of(at(path).getFileStatus(path));
    } catch (FileNotFoundException _) {
      return Optional.empty();
    } catch (IOException failure) {
      throw typed(location, 0, -1, failure);
    } catch (IllegalArgumentException malformed) {
      throw new OriginException(
              Kind.UNSUPPORTED,
              Retry.PERMANENT,
              location,
              "this is no HDFS location: " + malformed.getMessage())
          .causedBy(malformed);
    }
  }

  static ObjectVersion version(FileStatus status) {
    String number = status instanceof HdfsFileStatus hdfs ? "file " + hdfs.getFileId() + ", " : "";
    return new ObjectVersion(
        "%smodified %d, %d bytes".formatted(number, status.getModificationTime(), status.getLen()));
  }

  /** A failure of Hadoop's client by its kind; what is not known is one of the connection's. */
  IOException typed(String location, long offset, long length, IOException failure) {
    if (failure instanceof OriginException || failure instanceof RetryLaterException) {
      return failure;
    }
    IOException cause =
        failure instanceof RemoteException remote ? remote.unwrapRemoteException() : failure;
    Kind kind = kind(cause);
    if (kind == Kind.FAILED) {
      boolean later = cause instanceof StandbyException || cause instanceof RetriableException;
      return later ? later(location, offset, length, cause) : cause;
    }
    if (kind == Kind.TIMED_OUT) {
      return later(location, offset, length, cause);
    }
    String who = kind == Kind.DENIED ? "; asked as " + who() : "";
    return new OriginException(
            kind, Retry.PERMANENT, location, offset, length, firstLine(cause) + who)
        .causedBy(cause);
  }

  private static Kind kind(IOException cause) {
    return switch (cause) {
      case FileNotFoundException _ -> Kind.NOT_FOUND;
      case AccessControlException _ -> Kind.DENIED;
      case ChecksumException _ -> Kind.CORRUPT;
      case SocketTimeoutException _ -> Kind.TIMED_OUT;
      default -> Kind.FAILED;
    };
  }

  private static RetryLaterException later(
      String location, long offset, long length, IOException cause) {
    Kind kind = cause instanceof SocketTimeoutException ? Kind.TIMED_OUT : Kind.FAILED;
    OriginException failure =
        new OriginException(kind, Retry.TEMPORARY, location, offset, length, firstLine(cause))
            .causedBy(cause);
    return new RetryLaterException(failure, 0);
  }

  /** Servers send whole stack traces as messages. */
  private static String firstLine(IOException cause) {
    String message = cause.getMessage();
    return message == null
        ? cause.getClass().getSimpleName()
        : message.lines().findFirst().orElse(message);
  }

  private synchronized String who() {
    UserGroupInformation known = user;
    return known == null
        ? "nobody yet"
        : "%s (%s)".formatted(known.getUserName(), known.getAuthenticationMethod());
  }

  synchronized String description() {
    return systems.isEmpty()
        ? "no cluster connected yet"
        : "connected to %s as %s".formatted(systems.keySet(), who());
  }

  @Override
  public synchronized void close() {
    closed = true;
    for (Map.Entry<String, FileSystem> system : systems.entrySet()) {
      try {
        system.getValue().close();
      } catch (IOException e) {
        LOG.warn("closing the connection to {} failed", system.getKey(), e);
      }
    }
    systems.clear();
  }
}
