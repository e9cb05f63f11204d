/**
 * Files of HDFS, through Hadoop's own client: its configuration files say which cluster, with which
 * high availability and which security. Not a named module, since Hadoop's jars are none.
 */
@org.jspecify.annotations.NullMarked
package dev.penstock.cache.hdfs;
