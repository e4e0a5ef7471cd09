/** Certificates of the server, read from files. */
@NullMarked
package dev.memlane.server.internal.tls;

import org.jspecify.annotations.NullMarked;
