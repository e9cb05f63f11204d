package dev.penstock.cache.hdfs;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.hadoop.conf.Configuration;

/**
 * How HDFS is reached.
 *
 * @param configFiles Hadoop's configuration files, the later ones win
 * @param principal to log in as with {@code keytab}; else the user's own ticket, if the cluster is
 *     secure
 * @param keytab the principal's keys
 */
record HdfsOptions(List<Path> configFiles, Optional<String> principal, Optional<String> keytab) {
  private static final List<String> FILES = List.of("core-site.xml", "hdfs-site.xml");

  /**
   * From the keys that begin with {@code hdfs.}, and the variables {@code HADOOP_CONF_DIR} and
   * {@code HADOOP_HOME} that Hadoop's own tools follow.
   *
   * @throws IllegalArgumentException naming a key or value that is not understood
   */
  static HdfsOptions of(Map<String, String> options, Map<String, String> environment) {
    Map<String, String> left = new TreeMap<>(options);
    left.keySet().removeIf(key -> !key.startsWith("hdfs."));
    Optional<String> directory = Optional.ofNullable(left.remove("hdfs.conf-dir"));
    Optional<String> principal = Optional.ofNullable(left.remove("hdfs.principal"));
    Optional<String> keytab = Optional.ofNullable(left.remove("hdfs.keytab"));
    if (!left.isEmpty()) {
      throw new IllegalArgumentException(
          "origin options %s are not known; there are hdfs.conf-dir, hdfs.principal and hdfs.keytab"
              .formatted(left.keySet()));
    }
    if (principal.isPresent() != keytab.isPresent()) {
      throw new IllegalArgumentException("hdfs.principal and hdfs.keytab go together");
    }
    return new HdfsOptions(files(directory, environment), principal, keytab);
  }

  private static List<Path> files(Optional<String> directory, Map<String, String> environment) {
    Optional<Path> from =
        directory
            .or(() -> Optional.ofNullable(environment.get("HADOOP_CONF_DIR")))
            .map(Path::of)
            .or(
                () ->
                    Optional.ofNullable(environment.get("HADOOP_HOME"))
                        .map(home -> Path.of(home, "etc", "hadoop")));
    List<Path> found = new ArrayList<>();
    from.ifPresent(
        place -> FILES.stream().map(place::resolve).filter(Files::isReadable).forEach(found::add));
    if (directory.isPresent() && found.isEmpty()) {
      throw new IllegalArgumentException(
          "hdfs.conf-dir: there is no readable %s in %s"
              .formatted(String.join(" or ", FILES), directory.get()));
    }
    return List.copyOf(found);
  }

  /** Hadoop's defaults under these files. */
  Configuration configuration() {
    Configuration configuration = new Configuration();
    for (Path file : configFiles) {
      configuration.addResource(new org.apache.hadoop.fs.Path(file.toUri()));
    }
    return configuration;
  }
}
