/** Tests of the rules of the code base. */
@org.jspecify.annotations.NullMarked
package dev.memlane.cli;
