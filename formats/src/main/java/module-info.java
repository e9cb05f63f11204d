/** Bytes to records and back: tar, TFRecord, codecs, shard indexes. */
@org.jspecify.annotations.NullMarked
module dev.penstock.formats {
  requires static transitive org.jspecify;
  requires transitive dev.penstock.bridge;
  requires com.github.luben.zstd_jni;
  requires org.lz4.java;

  exports dev.penstock.formats;
}
