/** The test of which module may know which. */
@org.jspecify.annotations.NullMarked
package dev.memlane.architecture;
