package dev.penstock.formats;

/** Tar archives as webdataset reads them; see the module's README for what is accepted. */
public final class WebDatasetFormat implements RecordFormat {
  static final WebDatasetFormat INSTANCE = new WebDatasetFormat();

  private WebDatasetFormat() {}

  /** The format. */
  public static WebDatasetFormat instance() {
    return INSTANCE;
  }

  @Override
  public RecordKind kind() {
    return RecordKind.WEBDATASET;
  }

  @Override
  public boolean placesKnown() {
    return true;
  }

  @Override
  public RecordScanner scan(ByteSource source, long offset) {
    return new TarScanner(source, offset);
  }

  @Override
  public SampleParser parser(FieldNames names) {
    return new TarParser(names);
  }

  @Override
  public String toString() {
    return "webdataset";
  }
}
