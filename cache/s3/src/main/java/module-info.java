/** The S3 origin. The digit at its end is the store's name, not a version. */
@SuppressWarnings("module")
@org.jspecify.annotations.NullMarked
module dev.penstock.cache.s3 {
  requires static transitive org.jspecify;
  requires dev.penstock.cache;
  requires org.slf4j;
  requires software.amazon.awssdk.auth;
  requires software.amazon.awssdk.awscore;
  requires software.amazon.awssdk.core;
  requires software.amazon.awssdk.endpoints;
  requires software.amazon.awssdk.http;
  requires software.amazon.awssdk.http.apache5;
  requires software.amazon.awssdk.http.auth.aws;
  requires software.amazon.awssdk.http.auth.spi;
  requires software.amazon.awssdk.identity.spi;
  requires software.amazon.awssdk.profiles;
  requires software.amazon.awssdk.regions;
  requires software.amazon.awssdk.services.s3;
  requires software.amazon.awssdk.utils;

  provides dev.penstock.cache.origin.OriginProvider with
      dev.penstock.cache.s3.S3Provider;
}
