package dev.penstock.bridge;

/** The contract, without any native call. */
class JdkBlockReaderTest extends BlockReaderContractTest {
  @Override
  BlockReader openReader(BlockReaderConfig config) {
    return ChannelBlockReader.open(config, "a test", false);
  }
}
