package dev.penstock.bridge;

import java.io.IOException;

/** The contract, by pread on threads. */
class PreadBlockReaderTest extends BlockReaderContractTest {
  @Override
  BlockReader openReader(BlockReaderConfig config) throws IOException {
    return BlockReader.open(config.withEngine(BlockReaderConfig.Engine.CHANNEL));
  }
}
