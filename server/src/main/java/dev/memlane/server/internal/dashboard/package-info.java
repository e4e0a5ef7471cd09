/** The dashboard: its files, which a browser loads, and nothing else. What it shows it gets from the API. */
@NullMarked
package dev.memlane.server.internal.dashboard;

import org.jspecify.annotations.NullMarked;
