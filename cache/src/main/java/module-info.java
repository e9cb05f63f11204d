/** The only door to stored bytes: origins, tiers, read-ahead. */
@org.jspecify.annotations.NullMarked
module dev.penstock.cache {
  requires static transitive org.jspecify;
  requires transitive dev.penstock.bridge;
  requires transitive dev.penstock.formats;
  requires org.slf4j;

  exports dev.penstock.cache;
  exports dev.penstock.cache.http;
  exports dev.penstock.cache.origin;
  exports dev.penstock.cache.remote;

  uses dev.penstock.cache.origin.OriginProvider;
}
