package dev.penstock.bridge;

/** The contract of writing, without any native call. */
class JdkBlockWriterTest extends BlockWriterContractTest {
  @Override
  BlockWriter openWriter(BlockReaderConfig config) {
    return ChannelBlockReader.open(config, "a test", false);
  }
}
