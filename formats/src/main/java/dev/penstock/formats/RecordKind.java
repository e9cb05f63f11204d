package dev.penstock.formats;

/** The record formats, as an index names them. */
public enum RecordKind {
  /** Tar members grouped by key. */
  WEBDATASET(1),
  /** TFRecord of {@code tf.train.Example} messages. */
  TFRECORD_EXAMPLE(2),
  /** TFRecord of opaque records. */
  TFRECORD_RAW(3);

  /** The number that stands for it in an index file. */
  final int code;

  RecordKind(int code) {
    this.code = code;
  }

  /** The format. */
  public RecordFormat format() {
    return switch (this) {
      case WEBDATASET -> WebDatasetFormat.INSTANCE;
      case TFRECORD_EXAMPLE -> TfRecordFormat.EXAMPLE;
      case TFRECORD_RAW -> TfRecordFormat.RAW;
    };
  }
}
