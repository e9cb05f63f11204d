/**
 * A lean HTTP/1.1 client for ranged reads: keep-alive, TLS by the JDK, connections spread over all
 * addresses of a name, bodies straight into native memory. Blocking; one thread an exchange. No
 * cookies, no content codings, no HTTP/2, no request bodies: what bulk reads do not need is not
 * here.
 */
package dev.penstock.cache.http;
