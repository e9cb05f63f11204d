/** Where shards are stored: the origin port and its implementations. */
package dev.penstock.cache.origin;
