/** The routes of the server's own API. */
@NullMarked
package dev.memlane.server.internal.api;

import org.jspecify.annotations.NullMarked;
