/**
 * Objects of S3 and compatible stores. The AWS SDK does what it is good at: credentials, profiles,
 * regions, endpoint rules, signing, listing, HEAD. Ranges are read by the lean HTTP client behind
 * the SDK's signer, or by the SDK's own client ({@code s3.client=sdk}).
 */
package dev.penstock.cache.s3;
