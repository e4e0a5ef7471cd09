/**
 * The memory tools over the Model Context Protocol. {@link dev.memlane.server.internal.mcp.McpFeatures} is what a client sees;
 * {@link dev.memlane.server.internal.mcp.McpEndpoint} and {@link dev.memlane.server.internal.mcp.StdioTransport} carry it.
 */
@NullMarked
package dev.memlane.server.internal.mcp;

import org.jspecify.annotations.NullMarked;
