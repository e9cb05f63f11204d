package dev.penstock.formats;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.HexFormat;

/**
 * Where each sample of one shard lies, and, for formats whose framing tells, where its fields lie.
 * Offsets are in decoded bytes from the start of the shard. Packed columns on the heap: about 15
 * bytes per sample and 9 per field, and the keys. Immutable, thread-safe.
 */
public final class ShardIndex {
  /** What the name of an index file ends in. */
  public static final String FILE_SUFFIX = ".pidx";

  private static final int KEY_DIGITS = 8;

  final IndexColumns columns;
  final RecordKind kind;
  final Codec codec;
  final FrameTable frames;
  final FieldNames names;
  private final byte[] keyStem;
  private final String damage;

  /** The ordinal in the shard of the first sample, and the distance from one to the next. */
  private final int firstOrdinal;

  private final int stride;

  ShardIndex(
      IndexColumns columns,
      RecordKind kind,
      Codec codec,
      FrameTable frames,
      FieldNames names,
      String damage,
      String shardName) {
    this(columns, kind, codec, frames, names, damage, shardName, 0, 1);
  }

  /** The index of some of a shard's samples; see {@link WindowScan}. */
  ShardIndex(
      IndexColumns columns,
      RecordKind kind,
      Codec codec,
      FrameTable frames,
      FieldNames names,
      String damage,
      String shardName,
      int firstOrdinal,
      int stride) {
    this.firstOrdinal = firstOrdinal;
    this.stride = stride;
    this.damage = damage;
    this.columns = columns;
    this.kind = kind;
    this.codec = codec;
    this.frames = frames;
    this.names = names;
    this.keyStem = Names.toBytes(KeyStem.of(shardName) + "/");
  }

  /**
   * Scans {@code source} from its first byte to its last; see {@link RecordFormat#scan} for what is
   * read. The frames of a compressed shard are known to whoever decodes it: see {@link
   * #withFrames}. The caller keeps the source.
   */
  public static ShardIndex scan(ByteSource source, Codec codec, IndexOptions options)
      throws IOException {
    return IndexScan.scan(source, codec, options);
  }

  /**
   * Reads an index file for the shard {@code shardName}, which now has {@code shardBytes} stored
   * bytes and {@code versionTag} (whatever the origin tells versions by).
   *
   * @throws StaleIndexException if it was made for another size or version, or by another program
   * @throws MalformedIndexException if its bytes are not an index
   */
  public static ShardIndex read(Path file, String shardName, long shardBytes, String versionTag)
      throws IOException {
    return IndexFileReader.read(file, shardName, shardBytes, versionTag);
  }

  /**
   * Writes the index file of a shard of {@code shardBytes} stored bytes and {@code versionTag}.
   * Atomic and durable: written aside, forced to disk, renamed.
   */
  public void write(Path file, long shardBytes, String versionTag) throws IOException {
    IndexFile.write(this, file, shardBytes, versionTag);
  }

  /** The same index with the frame table that decoding the shard has yielded. */
  public ShardIndex withFrames(String shardName, FrameTable table) {
    if (table.decodedBytes() != decodedBytes()) {
      throw new IllegalArgumentException(
          "frames of %d decoded bytes for a shard of %d"
              .formatted(table.decodedBytes(), decodedBytes()));
    }
    return new ShardIndex(columns, kind, codec, table, names, damage, shardName);
  }

  /**
   * Why the shard's framing breaks, empty if it does not. Then the last sample stands for all that
   * lies behind the break: its offset and key are known as far as they could be read, it has no
   * bytes and is not to be read, and every reader takes it for a bad sample with this reason.
   */
  public String damage() {
    return damage;
  }

  /** Whether {@code sample} is the place where the shard's framing breaks; see {@link #damage}. */
  public boolean isDamaged(int sample) {
    return !damage.isEmpty() && sample == sampleCount() - 1;
  }

  /**
   * The number in the shard of a sample: the same, unless this is a window of {@link WindowScan}.
   */
  public int ordinal(int sample) {
    return firstOrdinal + sample * stride;
  }

  /** Number of samples, a damaged one included. */
  public int sampleCount() {
    return columns.sampleOffsets.count();
  }

  /** Where sample {@code sample} starts. */
  public long sampleOffset(int sample) {
    return columns.sampleOffsets.get(sample);
  }

  /** How many bytes a {@link SampleParser} needs of it. */
  public long sampleBytes(int sample) {
    return columns.sampleBytes.get(sample);
  }

  /** Decoded length of the shard. */
  public long decodedBytes() {
    return columns.decodedBytes;
  }

  /** The largest {@link #sampleBytes}, 0 without samples. */
  public long maxSampleBytes() {
    return columns.maxSampleBytes;
  }

  /** How the shard is compressed. */
  public Codec codec() {
    return codec;
  }

  /** Where a decoder may enter; one frame, of unknown stored length (-1), until decoding told. */
  public FrameTable frames() {
    return frames;
  }

  /** The record format. */
  public RecordKind kind() {
    return kind;
  }

  /** The dictionary of {@link #fieldNameId}: all names of this shard, if places are known. */
  public FieldNames names() {
    return names;
  }

  /** Whether fields' places are known; otherwise every {@link #fieldCount} is 0. */
  public boolean placesKnown() {
    return kind.format().placesKnown();
  }

  /** Number of fields of the sample. */
  public int fieldCount(int sample) {
    return columns.fieldEnd(sample) - columns.fieldStart(sample);
  }

  /** The field's name in {@link #names}. */
  public int fieldNameId(int sample, int field) {
    return (int) columns.fieldNameIds.get(columns.field(sample, field));
  }

  /** Where the field's first byte lies in the shard. */
  public long fieldOffset(int sample, int field) {
    return sampleOffset(sample) + columns.fieldOffsets.get(columns.field(sample, field));
  }

  /** Length of the field in bytes. */
  public long fieldBytes(int sample, int field) {
    return columns.fieldBytes.get(columns.field(sample, field));
  }

  /** The sample's field that has this name id, or -1. */
  public int fieldOf(int sample, int nameId) {
    int count = fieldCount(sample);
    for (int field = 0; field < count; field++) {
      if (fieldNameId(sample, field) == nameId) {
        return field;
      }
    }
    return -1;
  }

  /** Length of the sample's key in bytes. */
  public int keyBytes(int sample) {
    return columns.hasKeys()
        ? columns.keyLength(sample)
        : keyStem.length + Math.max(KEY_DIGITS, decimalDigits(ordinal(sample)));
  }

  /** Copies the key to {@code target}. */
  public void keyTo(int sample, MemorySegment target, long targetOffset) {
    if (columns.hasKeys()) {
      columns.keyTo(sample, target, targetOffset);
      return;
    }
    MemorySegment.copy(keyStem, 0, target, ValueLayout.JAVA_BYTE, targetOffset, keyStem.length);
    int left = ordinal(sample);
    for (int i = keyBytes(sample) - 1; i >= keyStem.length; i--) {
      target.set(ValueLayout.JAVA_BYTE, targetOffset + i, (byte) ('0' + left % 10));
      left /= 10;
    }
  }

  private static int decimalDigits(int value) {
    int digits = 1;
    for (int left = value; left >= 10; left /= 10) {
      digits++;
    }
    return digits;
  }

  /**
   * The sample's key: a tar sample's own; for TFRecord, which has none, the shard's name without
   * directory and known extensions, a slash, and the record's number in eight digits. Allocates.
   */
  public String key(int sample) {
    byte[] bytes = new byte[keyBytes(sample)];
    keyTo(sample, MemorySegment.ofArray(bytes), 0);
    return Names.toText(bytes, 0, bytes.length);
  }

  /**
   * SHA-256 over what the samples are: count, places, field names, stored keys and decoded length;
   * in hexadecimal. The same for a copy of the shard elsewhere, and however it is compressed.
   * Computed at each call.
   */
  public String digest() {
    return HexFormat.of().formatHex(IndexDigest.of(this));
  }

  /** Heap bytes that the columns take. */
  public long heapBytes() {
    return columns.heapBytes();
  }
}
