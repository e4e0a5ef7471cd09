package dev.memlane.lanes;

/**
 * What a model asks for.
 *
 * @param id the model's own, by which it knows the result; not looked at
 * @param tool the tool's name
 * @param <A> what the tools' arguments are, such as parsed JSON
 */
public record ToolCall<A>(String id, String tool, A arguments) {}
