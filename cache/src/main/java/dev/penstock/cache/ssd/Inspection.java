package dev.penstock.cache.ssd;

import dev.penstock.bridge.BlockReaderConfig;
import dev.penstock.bridge.BlockWriter;
import dev.penstock.bridge.ByteBudget;
import dev.penstock.bridge.FileClaimedException;
import dev.penstock.bridge.FileSystemType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;

/** What a directory would be as a device, found without changing anything in it. */
final class Inspection {
  private static final int PROBE_BUDGET = 16 << 20;

  private Inspection() {}

  static String of(Path directory) throws IOException {
    Path existing = SsdStore.existing(directory);
    long free = Files.getFileStore(existing).getUsableSpace();
    String where = "%s, %,d MiB free".formatted(Files.getFileStore(existing).type(), free >> 20);
    FileSystemType type = FileSystemType.of(existing);
    if (type.isNetwork()) {
      return "no: %s; --cache-on-network takes it all the same".formatted(Placement.against(type));
    }
    String verdict = inspect(directory, where);
    return type.isMemory()
        ? "degraded: %s; %s".formatted(Placement.against(type), verdict)
        : verdict;
  }

  private static String inspect(Path directory, String where) throws IOException {
    if (!Files.exists(directory)) {
      return "ok, to be made (%s)".formatted(where);
    }
    String permissions = PosixFilePermissions.toString(Files.getPosixFilePermissions(directory));
    if (!permissions.equals("rwx------")) {
      return "no: permissions are %s; chmod 700 %s".formatted(permissions, directory);
    }
    Path file = directory.resolve(SsdStore.FILE_NAME);
    Optional<SuperBlock> layout = SsdStore.peek(file);
    if (layout.isEmpty()) {
      return "ok, empty (%s)".formatted(where);
    }
    SuperBlock found = layout.get();
    String holds =
        "%,d blocks of %d KiB fit%s, %s"
            .formatted(
                found.slots(),
                found.blockBytes() >> 10,
                found.isEncrypted() ? ", encrypted" : "",
                where);
    ByteBudget budget = ByteBudget.of(PROBE_BUDGET);
    try (BlockWriter writer = BlockWriter.open(BlockReaderConfig.of(budget).withQueueDepth(1));
        BlockWriter.WritableFile claimed = writer.claim(file)) {
      return "ok, %s, %s".formatted(holds, claimed.modeReason());
    } catch (FileClaimedException _) {
      return "ok, in use by %s, %s".formatted(Owner.of(file), holds);
    }
  }
}
