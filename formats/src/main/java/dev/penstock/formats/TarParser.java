package dev.penstock.formats;

import java.io.IOException;
import java.io.UncheckedIOException;

/** One sample's members out of a leased run. */
final class TarParser implements SampleParser {
  private final RunWindow window = new RunWindow();
  private final TarNames members;

  TarParser(FieldNames names) {
    members = new TarNames(names);
  }

  @Override
  public FieldNames names() {
    return members.names;
  }

  @Override
  public void parse(String shard, long shardOffset, ByteRun run, SampleView out)
      throws MalformedRecordException {
    window.enter(run);
    out.clear();
    TarReader tar = members.tar;
    tar.start(shard, shardOffset, 0);
    long end = run.length();
    try {
      while (tar.nextOffset() < end) {
        if (!members.next(window)) {
          throw tar.malformed(tar.nextOffset(), "no member where the index has one");
        }
        add(out, end);
        if (tar.dataOffset() + tar.size() == end) {
          return;
        }
      }
    } catch (MalformedRecordException malformed) {
      throw malformed;
    } catch (IOException impossible) {
      throw new UncheckedIOException(impossible);
    }
    throw tar.malformed(end, "the sample does not end where the index says");
  }

  private void add(SampleView out, long end) throws MalformedRecordException {
    TarReader tar = members.tar;
    if (tar.dataOffset() + tar.size() > end) {
      throw tar.malformed(
          tar.memberOffset(),
          "member of %d bytes reaches beyond the sample that the index has".formatted(tar.size()));
    }
    if (out.fieldCount() == 0) {
      if (tar.memberOffset() != 0) {
        throw tar.malformed(0, "no field of a sample where the index has one");
      }
      out.setKey(tar.nameBuffer(), members.keyLength());
    } else if (!out.keyIs(tar.nameBuffer(), members.keyLength())) {
      throw tar.malformed(tar.memberOffset(), "another sample's key inside a sample");
    } else if (out.fieldOf(members.fieldNameId()) >= 0) {
      throw members.duplicate();
    }
    if (!out.add(members.fieldNameId(), FieldKind.BYTES, tar.dataOffset(), tar.size(), 1)) {
      throw members.tooMany();
    }
  }
}
