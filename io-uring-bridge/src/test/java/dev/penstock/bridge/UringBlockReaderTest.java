package dev.penstock.bridge;

import java.io.IOException;
import org.junit.jupiter.api.Assumptions;

/** The contract, by io_uring. */
class UringBlockReaderTest extends BlockReaderContractTest {
  @Override
  BlockReader openReader(BlockReaderConfig config) {
    try {
      return BlockReader.open(config.withEngine(BlockReaderConfig.Engine.IO_URING));
    } catch (IOException e) {
      return Assumptions.abort(e.toString());
    }
  }
}
