/** A memory over the network: REST, MCP and a dashboard, in one process. */
@NullMarked
package dev.memlane.server;

import org.jspecify.annotations.NullMarked;
