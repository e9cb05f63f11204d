package dev.penstock.formats;

/**
 * Finds the fields of one sample in its leased bytes, without copying them. Verifies what the
 * format lets it verify: header checksums, CRCs, and that the bytes are one whole sample. One
 * thread at a time; allocates nothing once warm.
 */
public interface SampleParser {
  /**
   * Parses the sample in {@code run}, which holds exactly the sample's bytes as the index has them
   * ({@code sampleBytes} from {@code sampleOffset}, given here as {@code shardOffset}), into {@code
   * out}. Positions in {@code out} are relative to the run.
   *
   * @throws MalformedRecordException if the bytes are not that; {@code out} is then unspecified
   */
  void parse(String shard, long shardOffset, ByteRun run, SampleView out)
      throws MalformedRecordException;

  /** The dictionary that field ids in parsed views refer to. */
  FieldNames names();
}
