package dev.penstock.loader.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ByteSizeTest {
  @ParameterizedTest
  @CsvSource({
    "0, 0",
    "4096, 4096",
    "17B, 17",
    "2GiB, 2147483648",
    "512MiB, 536870912",
    "64kib, 65536",
    "100KB, 100000",
    "1.5 GiB, 1610612736",
    "2TB, 2000000000000",
    "8388607TiB, 9223370937343148032"
  })
  void readsBinaryAndDecimalUnits(String text, long bytes) {
    assertEquals(bytes, ByteSize.parse(text).bytes());
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "GiB", "-1", "1e9", "2 G", "2GiBs", "1,5GiB", "99999999TiB"})
  void refusesOtherText(String text) {
    assertThrows(IllegalArgumentException.class, () -> ByteSize.parse(text));
  }

  @ParameterizedTest
  @CsvSource({
    "0, 0 bytes",
    "1023, 1023 bytes",
    "1024, 1KiB",
    "1610612736, 1.5GiB",
    "536870912, 512MiB",
    "1099511627776, 1TiB"
  })
  void writesTheLargestBinaryUnit(long bytes, String text) {
    assertEquals(text, new ByteSize(bytes).toString());
  }

  @Test
  void saysWhatIsAccepted() {
    Exception e = assertThrows(IllegalArgumentException.class, () -> ByteSize.parse("lots"));
    assertTrue(
        String.valueOf(e.getMessage()).startsWith("value is not a size (lots); write bytes"));
  }
}
