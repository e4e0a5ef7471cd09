/** Tests of archives: their lines, and export and import with a real memory. */
@org.jspecify.annotations.NullMarked
package dev.memlane.archive;
