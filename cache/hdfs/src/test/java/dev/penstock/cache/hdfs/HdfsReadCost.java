package dev.penstock.cache.hdfs;

import com.sun.management.OperatingSystemMXBean;
import java.io.EOFException;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FileRange;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.hdfs.MiniDFSCluster;

/**
 * What ways of reading ranges from HDFS cost: {@code HdfsReadCost [MIB] [ROUNDS]}. Ranges of 8 MiB
 * into blocks of 512 KiB, four at a time, from Hadoop's own servers in this process, whose work is
 * in the CPU seconds too. A program rather than a test: its figures depend on the machine.
 */
final class HdfsReadCost {
  private static final int BLOCK = 512 << 10;
  private static final int RANGE = 8 << 20;
  private static final int READERS = 4;

  private HdfsReadCost() {}

  /** A way to read one range of an open file into blocks. */
  @FunctionalInterface
  private interface Way {
    void read(FSDataInputStream stream, long offset, ByteBuffer[] blocks) throws Exception;
  }

  public static void main(String[] arguments) throws Exception {
    int mebibytes = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 512;
    int rounds = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 3;
    java.nio.file.Path directory = Files.createTempDirectory("penstock-hdfs");
    Configuration configuration = new Configuration();
    configuration.set("hdfs.minidfs.basedir", directory.toString());
    MiniDFSCluster cluster = new MiniDFSCluster.Builder(configuration).numDataNodes(1).build();
    try (ExecutorService threads = Executors.newFixedThreadPool(READERS)) {
      cluster.waitActive();
      FileSystem files = cluster.getFileSystem();
      Path file = new Path("/data");
      try (FSDataOutputStream out = files.create(file)) {
        byte[] mebibyte = new byte[1 << 20];
        for (int i = 0; i < mebibytes; i++) {
          out.write(mebibyte);
        }
      }
      for (int round = 0; round < rounds; round++) {
        measure("positional, block by block", files, file, threads, HdfsReadCost::positional);
        measure("readVectored, 16 blocks", files, file, threads, HdfsReadCost::vectored);
        measure("seek, then block by block", files, file, threads, HdfsReadCost::streaming);
      }
    } finally {
      cluster.shutdown();
    }
  }

  private static void positional(FSDataInputStream stream, long offset, ByteBuffer[] blocks)
      throws IOException {
    long at = offset;
    for (ByteBuffer block : blocks) {
      block.clear();
      while (block.hasRemaining()) {
        int got = stream.read(at, block);
        require(got);
        at += got;
      }
    }
  }

  private static void vectored(FSDataInputStream stream, long offset, ByteBuffer[] blocks)
      throws Exception {
    List<FileRange> ranges = new ArrayList<>();
    List<ByteBuffer> left = new ArrayList<>();
    for (int i = 0; i < blocks.length; i++) {
      ranges.add(FileRange.createFileRange(offset + (long) i * BLOCK, BLOCK));
      left.add(blocks[i].clear());
    }
    stream.readVectored(ranges, length -> left.removeFirst());
    for (FileRange range : ranges) {
      range.getData().get();
    }
  }

  private static void streaming(FSDataInputStream stream, long offset, ByteBuffer[] blocks)
      throws IOException {
    stream.seek(offset);
    for (ByteBuffer block : blocks) {
      block.clear();
      while (block.hasRemaining()) {
        require(stream.read(block));
      }
    }
  }

  private static void require(int got) throws EOFException {
    if (got <= 0) {
      throw new EOFException();
    }
  }

  private static void measure(
      String name, FileSystem files, Path file, ExecutorService threads, Way way) throws Exception {
    long bytes = files.getFileStatus(file).getLen();
    OperatingSystemMXBean system =
        (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    long cpu = system.getProcessCpuTime();
    long start = System.nanoTime();
    List<Future<Void>> readers = new ArrayList<>();
    for (int reader = 0; reader < READERS; reader++) {
      int first = reader;
      readers.add(threads.submit(reader(files, file, first, bytes, way)));
    }
    for (Future<Void> reader : readers) {
      reader.get();
    }
    double seconds = (System.nanoTime() - start) / 1e9;
    double gibibytes = bytes / (double) (1L << 30);
    System.out.printf(
        "%-28s %6.2f GB/s %6.2f CPU-s/GiB%n",
        name, bytes / seconds / 1e9, (system.getProcessCpuTime() - cpu) / 1e9 / gibibytes);
  }

  private static Callable<Void> reader(
      FileSystem files, Path file, int first, long bytes, Way way) {
    return () -> {
      ByteBuffer[] blocks = new ByteBuffer[RANGE / BLOCK];
      for (int i = 0; i < blocks.length; i++) {
        blocks[i] = ByteBuffer.allocateDirect(BLOCK);
      }
      try (FSDataInputStream stream = files.open(file)) {
        for (long at = (long) first * RANGE; at < bytes; at += (long) READERS * RANGE) {
          way.read(stream, at, blocks);
        }
      }
      return null;
    };
  }
}
