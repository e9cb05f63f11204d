/** The only door to stored bytes: a bounded cache over the origins. */
package dev.penstock.cache;
