package dev.memlane.memory.tools;

/**
 * What a model is told of a tool.
 *
 * @param name what it calls the tool
 * @param description what the tool does, and when to use it
 * @param schema the JSON schema of its arguments, on one line
 */
public record ToolDefinition(String name, String description, String schema) {}
