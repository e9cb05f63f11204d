/**
 * Bytes to records and back. Formats never learn where bytes come from: they read a {@link
 * dev.penstock.formats.ByteSource}, which the cache implements.
 */
package dev.penstock.formats;
