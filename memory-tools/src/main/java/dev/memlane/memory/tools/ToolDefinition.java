package dev.memlane.memory.tools;

/**
 * The description of a tool for a model.
 *
 * @param name the name by which the model calls the tool
 * @param description what the tool does, and when to use it
 * @param schema the JSON schema of its arguments, on one line
 */
public record ToolDefinition(String name, String description, String schema) {}
