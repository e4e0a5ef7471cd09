/** What the command line needs to talk to a person or a script: the console, its output, and the stop signal. */
@NullMarked
package dev.memlane.cli.internal.terminal;

import org.jspecify.annotations.NullMarked;
