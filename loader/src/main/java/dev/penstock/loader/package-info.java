/** The door of the process: {@code Loader.open(LoaderConfig)}. */
package dev.penstock.loader;
