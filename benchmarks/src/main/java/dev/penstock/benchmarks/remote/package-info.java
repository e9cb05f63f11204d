/**
 * Ranges over HTTP and S3 on loopback: a bare socket, our client, and the SDK's. Runs on the class
 * path in a Java machine of its own, with the server in another.
 */
package dev.penstock.benchmarks.remote;
