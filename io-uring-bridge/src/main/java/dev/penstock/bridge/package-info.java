/**
 * Every native call of the house, through the foreign-function API. Each native path has a
 * plain-JDK twin with the same contract where that makes sense; {@link
 * dev.penstock.bridge.NativeSupport} says which one is in use and why.
 */
package dev.penstock.bridge;
